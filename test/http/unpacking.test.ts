import { createServer, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { brotliCompressSync, constants, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { request } from 'undici';
import { describe, expect, test } from 'vitest';
import { brokenEncoding, ENCODINGS, type Encoding, unpack } from '../../src/http/unpacking.ts';
import { useBare } from './bare.ts';

/** Unpacks what it gets at the address that names the encoding. */
const server = createServer((message, response) => {
  unpacked(message).then(
    (text) => response.end(text),
    (error) => {
      failed = error;
      response.statusCode = 400;
      response.end(brokenEncoding(error)?.message);
    },
  );
});
let failed: unknown;
const bare = useBare(server);

async function unpacked(message: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of unpack(message, message.url?.slice(1) as Encoding)) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function send(encoding: string, body: Buffer): Promise<{ status: number; text: string }> {
  const reply = await request(`http://127.0.0.1:${bare.port}/${encoding}`, { method: 'POST', body });
  return { status: reply.statusCode, text: await reply.body.text() };
}

const PACK: Readonly<Record<Encoding, (data: Buffer) => Buffer>> = {
  gzip: (data) => gzipSync(data),
  deflate: (data) => deflateSync(data),
  br: (data) => brotliCompressSync(data),
  zstd: (data) => zstdCompressSync(data),
};
const TEXT = Buffer.from('{"tokens":[[1,0]]}'.repeat(100));

test('four codings are read', () => {
  expect([...ENCODINGS]).toEqual(['gzip', 'deflate', 'br', 'zstd']);
});

describe.each(ENCODINGS)('a body packed as %s', (encoding) => {
  const packed = PACK[encoding](TEXT);

  test('is as it was before', async () => {
    expect(await send(encoding, packed)).toEqual({ status: 200, text: TEXT.toString() });
  });

  test('that is another, or cut short, is the client’s fault', async () => {
    for (const body of [Buffer.from('{"tokens":[[1,0]]}'), packed.subarray(0, packed.length - 5)]) {
      const { status, text } = await send(encoding, body);
      expect(status).toBe(400);
      expect(text).toMatch(/^the body can’t be unpacked as its Content-Encoding says: \S/);
      expect(brokenEncoding(failed)).toMatchObject({ code: 'malformed-json' });
    }
  });

  test('may have another member after it only where its format has members', async () => {
    const { status, text } = await send(encoding, Buffer.concat([packed, packed]));
    if (encoding === 'gzip' || encoding === 'zstd') expect([status, text]).toEqual([200, `${TEXT}${TEXT}`]);
    else expect(status).toBe(400);
  });
});

test('a refusal says what the unpacker says', async () => {
  expect((await send('gzip', Buffer.from('{"tokens":[[1,0]]}'))).text).toBe(
    'the body can’t be unpacked as its Content-Encoding says: incorrect header check',
  );
});

test('a frame that wants more memory than clients ask for is refused', async () => {
  const wide = zstdCompressSync(Buffer.alloc(2 ** 25), { params: { [constants.ZSTD_c_windowLog]: 25 } });
  expect((await send('zstd', wide)).status).toBe(400);
});

test('a client that goes in mid-body is no fault of its bytes', async () => {
  failed = undefined;
  const packed = gzipSync(TEXT);
  const socket = connect(bare.port, '127.0.0.1', () => {
    socket.write(`POST /gzip HTTP/1.1\r\nhost: x\r\ncontent-length: ${packed.length}\r\n\r\n`);
    socket.write(packed.subarray(0, 20), () => setTimeout(() => socket.destroy(), 20));
  });
  await expect
    .poll(() => failed, { timeout: 20_000, interval: 5 })
    .toMatchObject({
      name: 'ClientGone',
      message: 'the connection closed before the body was here',
    });
  expect(brokenEncoding(failed)).toBeUndefined();
});

test('any other error is no fault of its bytes', () => {
  expect(brokenEncoding(new Error('another'))).toBeUndefined();
  expect(brokenEncoding('text')).toBeUndefined();
});
