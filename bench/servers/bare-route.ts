import Fastify from 'fastify';
import { SEED_REPLY } from '../load/requests.ts';
import { announce } from './announce.ts';

/* The least that Fastify does for such a request: its own JSON in, a constant object as JSON out, no log, no hooks. */
const reply: Readonly<Record<string, readonly number[]>> = JSON.parse(SEED_REPLY);
const app = Fastify();

app.post('/attention', async () => ({ ...reply }));

await app.listen({ port: 0, host: '127.0.0.1' });
announce(app.server);
