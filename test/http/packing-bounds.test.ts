import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { brotliCompressSync, constants, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { request } from 'undici';
import { describe, expect, test } from 'vitest';
import { packOnce, packReplies } from '../../src/http/packing.ts';
import { useCountOfPackers } from './packers.ts';
import { open } from './raw.ts';
import { useSmall } from './small.ts';

const LONG = 'attention '.repeat(1000);
const MIB = 2 ** 20;

const packers = useCountOfPackers();

/** Text that no packer makes much shorter, the same each time. */
function noise(bytes: number, seed: string): string {
  const parts: string[] = [];
  for (let i = 0; parts.length * 43 < bytes; i++) parts.push(createHash('sha256').update(`${seed} ${i}`).digest('base64url'));
  return parts.join('').slice(0, bytes);
}

const endless: PassThrough[] = [];
const build = async (app: Parameters<Parameters<typeof useSmall>[0]>[0]) => {
  packReplies(app, { numbers: false });
  const text = 'text/plain';
  app.get('/text', async (_request, reply) => reply.type(text).send(LONG));
  app.get('/ranges', async (_request, reply) => reply.type(text).header('accept-ranges', 'bytes').send(LONG));
  app.get('/part', async (_request, reply) => reply.code(206).type(text).send(LONG));
  app.get('/weak', async (_request, reply) => reply.type(text).header('etag', 'W/"weak"').send(LONG));
  app.get('/untagged', async (_request, reply) => reply.type(text).send(LONG));
  app.get('/missing', async (_request, reply) => reply.code(404).type(text).header('etag', '"missing"').send(LONG));
  app.get<{ Params: { bytes: string } }>('/file/:bytes', async ({ params: { bytes } }, reply) =>
    reply
      .type(text)
      .header('content-length', bytes)
      .send(Readable.from([Buffer.alloc(Number(bytes), 'x')])),
  );
  app.get<{ Params: { bytes: string } }>('/tagged/:bytes', async ({ params: { bytes } }, reply) =>
    reply
      .type(text)
      .header('etag', `"of ${bytes}"`)
      .send('x'.repeat(Number(bytes))),
  );
  app.get<{ Params: { seed: string } }>('/noise/:seed', async ({ params: { seed } }, reply) =>
    reply
      .type(text)
      .header('etag', `"${seed}"`)
      .send(noise(3 * MIB, seed)),
  );
  app.get('/endless', async (_request, reply) => {
    const stream = new PassThrough();
    endless.push(stream);
    stream.write(LONG);
    return reply.type(text).send(stream);
  });
  app.get('/nothing', async (_request, reply) => reply.type(text).send());
  app.post<{ Params: { code: string } }>('/json/:code', async ({ params: { code } }, reply) =>
    reply
      .code(Number(code))
      .type('application/json')
      .send(JSON.stringify([LONG])),
  );
};
const small = useSmall(build);
const other = useSmall(build);
const third = useSmall(build);

async function ask(path: string, { coding = 'gzip', method = 'GET' as 'GET' | 'POST', of = small } = {}) {
  const before = packers.made;
  const { statusCode, headers, body } = await request(`http://127.0.0.1:${of.port}${path}`, { method, headers: { 'accept-encoding': coding } });
  const bytes = Buffer.from(await body.arrayBuffer());
  return { status: statusCode, headers, bytes, made: packers.made - before };
}

test('what is packed once is packed hard, within a window of 256 KiB', () => {
  const plain = Buffer.from(noise(600_000, 'once') + noise(600_000, 'once'));
  const { zstd, br, gzip } = packOnce(plain);
  expect(gunzipSync(gzip).equals(plain)).toBe(true);
  expect(zstdDecompressSync(zstd).equals(plain)).toBe(true);
  expect(gzip).toEqual(gzipSync(plain, { level: 6 }));
  expect(br).toEqual(brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 5, [constants.BROTLI_PARAM_LGWIN]: 18 } }));
  expect(zstd).toEqual(zstdCompressSync(plain, { params: { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_windowLog]: 18 } }));
});

describe('a reply', () => {
  test('that is packed takes no ranges, and keeps a weak tag as it is', async () => {
    expect((await ask('/ranges')).headers).not.toHaveProperty('accept-ranges');
    expect((await ask('/ranges', { coding: 'identity' })).headers).toHaveProperty('accept-ranges', 'bytes');
    expect((await ask('/weak')).headers['etag']).toBe('W/"weak"');
    expect((await ask('/untagged')).headers).not.toHaveProperty('etag');
  });

  test('that is a part of something, or nothing, is left alone', async () => {
    expect((await ask('/part')).headers['content-encoding']).toBeUndefined();
    expect((await ask('/nothing')).headers['content-encoding']).toBeUndefined();
  });

  test('that is a stream is packed where it says that it has 1 KiB', async () => {
    expect((await ask('/file/1023')).headers).not.toHaveProperty('content-encoding');
    expect((await ask('/file/1023')).bytes).toHaveLength(1023);
    const packed = await ask('/file/1024');
    expect(packed.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(packed.bytes)).toHaveLength(1024);
  });

  test('in JSON to a POST is numbers, and stays as it is; one that refuses is none', async () => {
    expect((await ask('/json/200', { method: 'POST' })).headers).not.toHaveProperty('content-encoding');
    expect((await ask('/json/399', { method: 'POST' })).headers).not.toHaveProperty('content-encoding');
    expect((await ask('/json/400', { method: 'POST' })).headers).toHaveProperty('content-encoding', 'gzip');
  });

  test('stays as it is where its reader says nothing of codings', async () => {
    const connection = open(small.port, 'GET /text HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    await connection.closed;
    expect(connection.received).not.toMatch(/content-encoding/i);
    expect(connection.received).toContain(LONG);
  });
});

describe('what has a tag is kept', () => {
  test('by its path: what is asked for besides is not looked at', async () => {
    expect((await ask('/tagged/2000')).made).toBe(1);
    expect((await ask('/tagged/2000?a=1')).made).toBe(0);
    expect((await ask('/tagged/2000?b')).made).toBe(0);
    expect((await ask('/tagged/2001')).made).toBe(1);
  });

  test('where it is there: a 404 is packed each time', async () => {
    expect([(await ask('/missing')).made, (await ask('/missing')).made]).toEqual([1, 1]);
  });

  test('up to 4 MiB of it', async () => {
    const times = async (bytes: number) => [(await ask(`/tagged/${bytes}`)).made, (await ask(`/tagged/${bytes}`)).made];
    expect(await times(4 * MIB)).toEqual([1, 0]);
    expect(await times(4 * MIB + 1)).toEqual([1, 1]);
  });

  test('until what is kept comes to 4 MiB: what follows is packed each time, and what is kept stays', async () => {
    const made = async (seed: string) => (await ask(`/noise/${seed}`, { coding: 'zstd', of: other })).made;
    expect([await made('a'), await made('a')]).toEqual([1, 0]);
    expect([await made('b'), await made('b')]).toEqual([1, 0]);
    expect([await made('c'), await made('c')]).toEqual([1, 1]);
    expect([await made('a'), await made('b')]).toEqual([0, 0]);
  });
});

test('no more than 64 replies are packed at once; one more goes out as it is, and once one is over the next is packed again', async () => {
  const connections = Array.from({ length: 64 }, () => open(third.port, 'GET /endless HTTP/1.1\r\nhost: x\r\naccept-encoding: gzip\r\n\r\n'));
  await Promise.all(connections.map((connection) => connection.until(/content-encoding: gzip/i)));
  const coding = async () => (await ask('/text', { of: third })).headers['content-encoding'];
  expect([await coding(), await coding()]).toEqual([undefined, undefined]);
  const [first] = endless;
  first?.end();
  if (first) await once(first, 'close');
  await expect.poll(coding).toBe('gzip');
  // That one is over too.
  await expect.poll(coding).toBe('gzip');
  for (const stream of endless) stream.end();
  for (const { socket } of connections) socket.destroy();
});
