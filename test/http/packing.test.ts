import { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createZstdDecompress, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { request } from 'undici';
import { describe, expect, test } from 'vitest';
import { packReplies } from '../../src/http/packing.ts';
import { useCountOfPackers } from './packers.ts';
import { useService } from './service.ts';
import { useSmall } from './small.ts';

const UNPACKERS = { gzip: createGunzip, br: createBrotliDecompress, zstd: createZstdDecompress } as const;
const LONG = 'attention '.repeat(1000);

let changes = 0;
const files: Readable[] = [];
const packers = useCountOfPackers();

const small = useSmall(async (app) => {
  packReplies(app, { numbers: false });
  app.get('/text', async (_request, reply) => reply.type('text/markdown; charset=utf-8').send(LONG));
  app.get('/tagged', async (_request, reply) => reply.type('text/plain').header('etag', '"abc"').header('vary', 'origin').send(LONG));
  app.get('/changing', async (_request, reply) => reply.type('text/plain').header('etag', `"${changes}"`).send(`${changes}${LONG}`));
  app.get('/file', async (_request, reply) => {
    const file = Readable.from([Buffer.from(LONG)]);
    files.push(file);
    return reply.type('text/plain').header('etag', 'W/"file"').header('content-length', LONG.length).send(file);
  });
  app.get('/short', async (_request, reply) => reply.type('text/plain').send('x'.repeat(1023)));
  app.get('/limit', async (_request, reply) => reply.type('text/plain').send('x'.repeat(1024)));
  app.get('/bytes', async (_request, reply) => reply.type('application/octet-stream').send(Buffer.from(LONG)));
  app.get<{ Params: { readonly length: string } }>('/long/:length', async ({ params }, reply) =>
    reply.type('text/plain').send('x'.repeat(Number(params.length))),
  );
  app.get('/packed', async (_request, reply) => reply.type('text/plain').header('content-encoding', 'gzip').send(Buffer.from(LONG)));
});

async function get(path: string, encoding?: string, { port }: { readonly port: number } = small) {
  const reply = await request(`http://127.0.0.1:${port}${path}`, { headers: encoding === undefined ? {} : { 'accept-encoding': encoding } });
  return { headers: reply.headers, bytes: Buffer.from(await reply.body.arrayBuffer()) };
}

function unpacked(bytes: Buffer, coding: keyof typeof UNPACKERS): Promise<string> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    const unpacker = UNPACKERS[coding]();
    unpacker
      .on('data', (part) => parts.push(part))
      .on('end', () => resolve(Buffer.concat(parts).toString()))
      .on('error', reject);
    unpacker.end(bytes);
  });
}

describe('a text', () => {
  test('is packed fast above 1 MiB: harder would take longer than it saves', async () => {
    // RFC 1952, 2.3.1: the ninth byte is 4 where the fastest algorithm was used.
    expect((await get(`/long/${2 ** 20}`, 'gzip')).bytes[8]).toBe(0);
    expect((await get(`/long/${2 ** 20 + 1}`, 'gzip')).bytes[8]).toBe(4);
  });

  test.each(['gzip', 'br', 'zstd'] as const)('comes packed in %s, and reads back as it was', async (coding) => {
    const { headers, bytes } = await get('/text', coding);
    expect(headers).toMatchObject({ 'content-encoding': coding, vary: 'accept-encoding', 'content-type': 'text/markdown; charset=utf-8' });
    expect(bytes.length).toBeLessThan(LONG.length / 20);
    expect(await unpacked(bytes, coding)).toBe(LONG);
  });

  test.each([
    ['gzip, br, zstd', 'zstd'],
    ['gzip, br', 'br'],
    ['*', 'zstd'],
    ['zstd;q=0, *', 'br'],
    ['br;q=0.5, gzip;q=0.9', 'gzip'],
    ['GZIP', 'gzip'],
    ['gzip;q=0.5', 'gzip'],
    ['identity;q=1, gzip;q=0.5', undefined],
    ['gzip;q=0', undefined],
    ['deflate', undefined],
    ['identity', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('comes as Accept-Encoding %j likes best: %j', async (encoding, coding) => {
    const { headers, bytes } = await get('/text', encoding);
    expect([headers['content-encoding'], headers['vary']]).toEqual([coding, 'accept-encoding']);
    if (coding === undefined) expect([bytes.toString(), headers['content-length']]).toEqual([LONG, `${LONG.length}`]);
  });

  test('of less than 1 KiB stays as it is, whatever its reader likes', async () => {
    const { headers } = await get('/short', 'gzip');
    expect([headers['content-encoding'], headers['vary']]).toEqual([undefined, undefined]);
    expect((await get('/limit', 'gzip')).headers['content-encoding']).toBe('gzip');
  });

  test('keeps what it varied by before, and its tag is that of the text, not of its bytes', async () => {
    expect((await get('/tagged', 'gzip')).headers).toMatchObject({ vary: 'origin, accept-encoding', etag: 'W/"abc"' });
    expect((await get('/tagged')).headers).toMatchObject({ vary: 'origin, accept-encoding', etag: '"abc"' });
  });

  test('that has a tag is packed once, in each coding and as long as its tag is the same', async () => {
    /** What came, and how many packers it took. */
    const take = async (path: string, coding: string, times = 1) => {
      const before = packers.made;
      const replies = await Promise.all(Array.from({ length: times }, () => get(path, coding)));
      return { replies, made: packers.made - before };
    };
    const first = await take('/changing', 'gzip', 3);
    const again = await take('/changing?again', 'gzip');
    expect([first.made, again.made]).toEqual([1, 0]);
    for (const { headers, bytes } of [...first.replies, ...again.replies]) {
      expect(headers).toMatchObject({ 'content-encoding': 'gzip', 'content-length': `${bytes.length}`, etag: 'W/"0"' });
      expect(await unpacked(bytes, 'gzip')).toBe(`0${LONG}`);
    }
    const other = await take('/changing', 'br');
    changes = 1;
    const changed = await take('/changing', 'gzip');
    expect([other.made, changed.made]).toEqual([1, 1]);
    for (const [coding, { replies }] of [
      ['br', other],
      ['gzip', changed],
    ] as const)
      for (const { bytes } of replies) expect(await unpacked(bytes, coding)).toBe(`${coding === 'br' ? 0 : 1}${LONG}`);
    expect((await take('/text', 'gzip', 2)).made).toBe(2);
    changes = 0;
  });

  test('that is a file is closed unread where its packed bytes are there', async () => {
    for (let i = 0; i < 2; i++) expect(await unpacked((await get('/file', 'gzip')).bytes, 'gzip')).toBe(LONG);
    expect(files.map(({ readableEnded, destroyed }) => [readableEnded, destroyed])).toEqual([
      [true, true],
      [false, true],
    ]);
  });

  test.each(['/text', '/tagged'])('has for HEAD the headers of GET, and is not packed: %s', async (path) => {
    const { 'content-type': type, 'content-encoding': encoding, vary, etag } = (await get(path, 'gzip')).headers;
    const before = packers.made;
    const head = await request(`http://127.0.0.1:${small.port}${path}`, { method: 'HEAD', headers: { 'accept-encoding': 'gzip' } });
    await head.body.dump();
    expect(head.headers).toMatchObject({ 'content-type': type, 'content-encoding': encoding, vary, ...(etag && { etag }) });
    expect(head.headers['content-length']).toBeUndefined();
    expect(packers.made).toBe(before);
  });

  test('that is packed already, and what is no text, is left alone', async () => {
    for (const path of ['/packed', '/bytes']) {
      const { headers, bytes } = await get(path, 'br, gzip');
      expect([path, headers['content-encoding'], headers['vary'], bytes.length]).toEqual([
        path,
        path === '/packed' ? 'gzip' : undefined,
        undefined,
        LONG.length,
      ]);
    }
  });
});

const TOKENS = Array.from({ length: 64 }, (_, i) => [Math.sin(i), Math.cos(i), i / 64]);
const tensor = (name: string) => ({ name, datatype: 'FP32', shape: [1, 1, 64, 3], data: TOKENS.flat() });

describe('the service', () => {
  const plain = useService();
  const packing = useService({ COMPRESS_REPLIES: 'true' });
  const post = async (service: typeof plain, body: unknown, headers: Record<string, string> = {}, path = '/attention') =>
    service.ask(body, { path, headers: { 'accept-encoding': 'gzip', ...headers } });

  test.each([
    ['a picture', { accept: 'image/svg+xml' }],
    ['a walk-through', { accept: 'text/markdown' }],
  ])('packs %s always', async (_what, accept) => {
    const whole = await plain.ask({ tokens: TOKENS }, { headers: accept });
    const packed = await post(plain, { tokens: TOKENS }, accept);
    expect(packed.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'accept, accept-encoding' });
    expect(gunzipSync(packed.bytes).equals(whole.bytes)).toBe(true);
    expect(whole.headers['content-encoding']).toBeUndefined();
  });

  test('packs documents, metrics and long problems always', async () => {
    for (const path of ['/openapi.json', '/openapi.yaml', '/metrics', '/docs/static/swagger-ui-bundle.js', '/']) {
      const { headers } = await get(path, 'gzip', plain);
      expect([path, headers['content-encoding']]).toEqual([path, 'gzip']);
    }
    const problem = await post(plain, { tokens: Array.from({ length: 20 }, () => ['x', 'y']) });
    expect([problem.status, problem.headers['content-encoding']]).toEqual([422, 'gzip']);
    expect(JSON.parse(gunzipSync(problem.bytes).toString()).errors).toHaveLength(20);
  });

  test('packs numbers where COMPRESS_REPLIES is true alone, and the same numbers', async () => {
    const lines = `${JSON.stringify({ tokens: TOKENS })}\n`.repeat(3);
    const asks: [unknown, string, Record<string, string>][] = [
      [{ tokens: TOKENS }, '/attention', {}],
      [lines, '/attention', { 'content-type': 'application/x-ndjson' }],
      [{ inputs: ['Q', 'K', 'V'].map(tensor) }, '/v2/models/attention/infer', {}],
    ];
    for (const [body, path, headers] of asks) {
      const whole = await post(plain, body, headers, path);
      const packed = await post(packing, body, headers, path);
      expect([path, whole.status, whole.headers['content-encoding']]).toEqual([path, 200, undefined]);
      expect(packed.headers).toMatchObject({ 'content-encoding': 'gzip' });
      expect(packed.headers['vary']).toContain('accept-encoding');
      expect(gunzipSync(packed.bytes).toString()).toBe(whole.text);
    }
  });

  test('never packs tensors as bytes', async () => {
    const body = { inputs: ['Q', 'K', 'V'].map(tensor), parameters: { binary_data_output: true } };
    const { status, headers } = await post(packing, body, {}, '/v2/models/attention/infer');
    expect([status, headers['content-type'], headers['content-encoding']]).toEqual([200, 'application/octet-stream', undefined]);
  });

  test('sends each line of a packed stream before the next is asked', async () => {
    const { body } = await request(`${packing.url}/attention`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson', 'accept-encoding': 'zstd' },
      body: Readable.from(
        (async function* () {
          yield '{"tokens":[[1]]}\n';
          await first;
          yield '{"tokens":[[2]]}\n';
        })(),
      ),
    });
    const unpacker = createZstdDecompress();
    body.pipe(unpacker);
    let text = '';
    for await (const part of unpacker) {
      text += part;
      if (text.includes('\n')) haveFirst();
    }
    expect(text.trim().split('\n')).toHaveLength(2);
  });
  let haveFirst = (): void => undefined;
  const first = new Promise<void>((resolve) => {
    haveFirst = resolve;
  });

  test('unpacks to the same where a reader likes zstd best', async () => {
    const { bytes } = await post(plain, { tokens: TOKENS }, { accept: 'image/svg+xml', 'accept-encoding': 'gzip, deflate, br, zstd' });
    expect(zstdDecompressSync(bytes).toString()).toMatch(/^<svg/);
  });
});
