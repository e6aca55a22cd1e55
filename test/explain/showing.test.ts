import { describe, expect, test } from 'vitest';
import { useService } from '../http/service.ts';
import { SEED } from './lessons.ts';

// The largest pictures take seconds, and on a busy machine more than a client waits.
const service = useService({ REQUEST_TIMEOUT_MS: '300000' });
const narrow = useService({ MAX_REPLY_NUMBERS: '100' });

const many = (m: number, n: number) => ({
  tokens: Array.from({ length: n }, (_, i) => [i / n]),
  query: Array.from({ length: m }, (_, i) => i % n),
});

describe('what can’t be shown', () => {
  test.each([
    ['text/markdown', 65, 10, 'the walk-through shows at most 64 query rows × 256 keys; the request has 65 × 10'],
    ['text/markdown', 1, 257, 'the walk-through shows at most 64 query rows × 256 keys; the request has 1 × 257'],
    ['image/svg+xml', 257, 10, 'the heatmap shows at most 256 query rows × 256 keys; the request has 257 × 10'],
    ['image/svg+xml', 1, 257, 'the heatmap shows at most 256 query rows × 256 keys; the request has 1 × 257'],
  ])('%s of %i × %i is a 413 that says the figures', async (accept, m, n, words) => {
    const { status, json, headers } = await service.ask(many(m, n), { headers: { accept } });
    expect([status, json.type, json.detail]).toEqual([413, '/problems/work-too-large', words]);
    expect(headers['content-type']).toBe('application/problem+json; charset=utf-8');
  });

  test('a trace has the walk-through’s limit', async () => {
    const { status, json } = await service.ask({ ...many(65, 10), include: ['trace'] });
    expect([status, json.detail]).toEqual([413, 'the trace shows at most 64 query rows × 256 keys; the request has 65 × 10']);
  });

  test.each([
    ['text/markdown', {}],
    ['application/json', { include: ['trace'] }],
  ])('the largest that can be shown is: %s', async (accept, options) => {
    expect((await service.ask({ ...many(64, 256), ...options }, { headers: { accept } })).status).toBe(200);
  });

  test('so many heads that no browser opens the picture are a 413', async () => {
    const tokens = [Array.from({ length: 60_000 }, () => 1)];
    const { status, json } = await service.ask({ tokens, heads: 60_000 }, { headers: { accept: 'image/svg+xml' } });
    expect(status).toBe(413);
    expect(json.detail).toContain('at most 1100000 cells and labels; 60000 heads of 1 × 1 have 1140000');
  });

  test('a trace counts in MAX_REPLY_NUMBERS: h·m·(n·(d_k + d_v + 6) + 2)', async () => {
    const { status, json } = await narrow.ask({ tokens: SEED.tokens, include: ['trace'] });
    expect(status).toBe(413);
    expect(json.detail).toContain('the reply would hold 114 numbers; MAX_REPLY_NUMBERS is 100');
  });
});

describe('negotiation', () => {
  test.each([
    ['text/markdown;q=0.5, application/json;q=0.4', 'text/markdown; charset=utf-8'],
    ['text/markdown;q=0.4, image/svg+xml;q=0.6', 'image/svg+xml; charset=utf-8'],
    ['image/*', 'image/svg+xml; charset=utf-8'],
    ['application/json;q=0, */*', 'text/markdown; charset=utf-8'],
    ['*/*', 'application/json; charset=utf-8'],
    ['text/html, application/xml;q=0.9, */*;q=0.8', 'application/json; charset=utf-8'],
  ])('Accept: %s gets %s', async (accept, type) => {
    const { headers } = await service.ask(SEED, { headers: { accept } });
    // Numbers are not packed here; text and pictures are, for whoever likes that.
    const vary = type.startsWith('application/json') ? 'accept' : 'accept, accept-encoding';
    expect([headers['content-type'], headers['vary']]).toEqual([type, vary]);
  });

  test.each(['text/html', 'image/png', 'image/svg+xml;q=0'])('Accept: %s gets a 406 that lists what there is', async (accept) => {
    const { status, json } = await service.ask(SEED, { headers: { accept } });
    expect([status, json.type]).toEqual([406, '/problems/not-acceptable']);
    expect(json.detail).toContain('application/json, text/markdown, image/svg+xml');
  });

  test.each(['text/markdown', 'image/svg+xml'])('a stream of lines stays JSON: %s is a 406', async (accept) => {
    const { status } = await service.ask('{"tokens":[[1]]}\n', { headers: { accept, 'content-type': 'application/x-ndjson' } });
    expect(status).toBe(406);
  });

  test.each(['text/markdown', 'image/svg+xml'])('errors are problems whatever Accept says: %s', async (accept) => {
    const { status, headers, json } = await service.ask({ tokens: [[1], [1, 2]] }, { headers: { accept } });
    expect([status, headers['content-type']]).toEqual([422, 'application/problem+json; charset=utf-8']);
    expect(json.errors[0].pointer).toBe('/tokens/1');
  });

  test.each(['text/markdown', 'image/svg+xml'])('a vector without a direction is a fault at its place: %s', async (accept) => {
    const { status, json } = await service.ask(
      {
        tokens: [
          [1, 0],
          [0, 0],
        ],
        similarity: 'cosine',
      },
      { headers: { accept } },
    );
    expect([status, json.errors[0].pointer]).toEqual([422, '/tokens/1']);
  });

  test('says what decoding, computing and encoding took', async () => {
    const { headers } = await service.ask(SEED, { headers: { accept: 'image/svg+xml' } });
    expect(headers['server-timing']).toMatch(/^decode;dur=\d+\.\d+, compute;dur=\d+\.\d+, encode;dur=\d+\.\d+$/);
  });
});
