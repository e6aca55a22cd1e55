import { createServer } from 'node:http';
import { SEED_REPLY } from '../load/requests.ts';
import { announce } from './announce.ts';

/* The least that any server does which reads its body by JSON.parse: collect the bytes, parse them, say something. */
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    if (typeof body !== 'object') throw new Error('the body must be an object');
    response.setHeader('content-type', 'application/json; charset=utf-8');
    response.setHeader('content-length', Buffer.byteLength(SEED_REPLY));
    response.end(SEED_REPLY);
  });
});

server.listen(0, '127.0.0.1', () => announce(server));
