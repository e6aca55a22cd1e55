import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { curlOf, fetchOf, pythonOf } from '../../src/playground/code.ts';
import { editTokens } from '../../src/playground/edits.ts';
import { faultOfKey } from '../../src/playground/key.ts';
import { LESSONS } from '../../src/playground/lessons.ts';
import { fromLink, toLink } from '../../src/playground/link.ts';
import { readMatrix } from '../../src/playground/paste.ts';
import { questionOf } from '../../src/playground/request.ts';
import { on, START, type State } from '../../src/playground/state.ts';
import { useService } from '../http/service.ts';

const service = useService();

const EVERYTHING: State = {
  ...START,
  lesson: undefined,
  labels: ['a,b', 'c;d=&#', '“é” %'],
  dimensions: ['x', '', 'z z'],
  tokens: [
    ['0.2', 'abc', ''],
    ['1e-3', '-1', '.5'],
    ['0.4', '0.8', '0,2'],
  ],
  query: 0,
  everyone: true,
  queries: on([['1', '2', '3']]),
  queriesStart: on('-2'),
  cosine: true,
  scale: on('1/sqrt(d_k)'),
  causal: true,
  window: on({ left: '1', right: '' }),
  mask: on([[true, false, true]]),
  softcap: on('2'),
  sink: on('-0.5'),
  heads: on({ query: '3', key: '1' }),
  head: 2,
  projections: { ...START.projections, w_query: on([['1', '0']]), w_output: on([['2']]) },
  position: 'alibi',
  dtype: 'float64',
};

describe('the lessons', () => {
  test.each(LESSONS)('$title: the numbers are those of the service', async ({ reveal, choices, right }) => {
    const { status, json } = await service.ask({ ...questionOf(reveal.state), decimals: 4 });
    expect(status).toBe(200);
    expect(Object.keys(reveal.expected).length).toBeGreaterThan(0);
    for (const [output, numbers] of Object.entries(reveal.expected)) expect(json[output], output).toEqual(numbers);
    expect(choices[right]).toBeDefined();
  });

  test.each(LESSONS)('$title: a link carries it', ({ state, reveal }) => {
    for (const one of [state, reveal.state]) expect(questionOf(fromLink(`#${toLink(one)}`) ?? START)).toEqual(questionOf(one));
  });
});

describe('links', () => {
  test('carry everything, slips of the pen included', () => {
    expect(fromLink(`#${toLink(EVERYTHING)}`)).toEqual(EVERYTHING);
  });

  test('a link that can’t be read is the start', () => {
    expect(fromLink('')).toBeUndefined();
    expect(fromLink('#nonsense=%E0%A4%A')).toBeUndefined();
    expect(fromLink('#tokens=1,2;3&ask=99')).toMatchObject({ tokens: [['1', '2'], ['3']], query: 1 });
  });
});

describe('pasting', () => {
  const matrix = [
    ['0.2', '-1'],
    ['3.', '4e-2'],
  ];
  test.each([
    ['CSV', '0.2,-1\n3.,4e-2\n'],
    ['CSV with semicolons', '0.2;-1\r\n3.;4e-2'],
    ['a spreadsheet', '0.2\t-1\n3.\t4e-2'],
    ['columns of blanks', '0.2 -1\n  3.   4e-2'],
    ['JSON', '[[0.2, -1], [3., 4e-2]]'],
    ['NumPy’s print', '[[ 0.2  -1]\n [ 3.  4e-2]]'],
    ['NumPy’s repr', 'array([[0.2, -1],\n       [3., 4e-2]], dtype=float32)'],
    ['PyTorch’s print', 'tensor([[0.2, -1],\n        [3., 4e-2]])'],
  ])('%s', (_name, text) => {
    expect(readMatrix(text)?.cells).toEqual(matrix);
  });

  test('names beside the numbers', () => {
    expect(readMatrix(',x,y\nThe,1,2\ncat,3,4')).toEqual({
      cells: [
        ['1', '2'],
        ['3', '4'],
      ],
      rowNames: ['The', 'cat'],
      columnNames: ['x', 'y'],
    });
    expect(readMatrix('  ')).toBeUndefined();
  });
});

test('a dimension more widens the matrices that take the tokens', () => {
  const state = { ...START, projections: { ...START.projections, w_query: on(START.tokens) } };
  const wider = editTokens(state, { kind: 'add column' });
  expect([wider.tokens[0]?.length, wider.projections.w_query.value.length, wider.dimensions.length]).toEqual([4, 4, 4]);
  const back = editTokens(wider, { kind: 'remove column', at: 3 });
  expect([back.tokens, back.projections.w_query.value]).toEqual([state.tokens, state.projections.w_query.value]);
});

test('code in other languages carries the question', () => {
  const request = { ...questionOf({ ...START, causal: true, everyone: true, labels: ['true', 'a "b', 'c'] }) };
  const place = { address: 'http://h/attention', locked: false };
  expect(pythonOf(request, place)).toContain('"labels": ["true", "a \\"b", "c"]');
  expect(pythonOf(request, place)).toContain('"causal": True');
  expect(fetchOf(request, place)).toContain("fetch('http://h/attention'");
});

test.each([
  ['curl', curlOf, " -H 'authorization: Bearer YOUR_KEY'"],
  ['fetch', fetchOf, "'authorization': 'Bearer YOUR_KEY'"],
  ['Python', pythonOf, 'headers={"authorization": "Bearer YOUR_KEY"}'],
])('code for %s says where a key goes, where the service wants one, and only there', (_name, codeOf, header) => {
  const request = questionOf(START);
  expect(codeOf(request, { address: 'http://h/attention', locked: true })).toContain(header);
  expect(codeOf(request, { address: 'http://h/attention', locked: false })).not.toContain('uthorization');
});

test('a key that no header can carry is known before it is sent, and is not repeated', () => {
  for (const key of ['ключ', 'clé', 'two words', 'tab\tbed', '=']) {
    expect(faultOfKey(key), key).toContain('letters, digits and -._~+/');
    expect(faultOfKey(key)).not.toContain(key === '=' ? '"="' : key);
  }
  for (const key of ['', 'secret-key', 'a~b.c+/_d==']) expect(faultOfKey(key), key).toBeUndefined();
});

describe('the files of the page', () => {
  const FILES = ['/', '/playground/playground.js', '/playground/playground.css', '/playground/icon.svg'];

  test('come with their type, a policy of their own, and are asked for again only when new', async () => {
    for (const path of FILES) {
      const { status, headers } = await service.get(path);
      expect(status).toBe(200);
      expect(headers['content-security-policy']).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      );
      const again = await fetch(`${service.url}${path}`, { headers: { 'if-none-match': String(headers['etag']) } });
      expect([again.status, (await again.bytes()).length]).toEqual([304, 0]);
    }
    expect((await service.get('/')).headers['content-type']).toBe('text/html; charset=utf-8');
  });

  test('weigh less than 150 KB together, packed', async () => {
    const bytes = await Promise.all(FILES.map(async (path) => gzipSync((await service.get(path)).bytes).length));
    expect(bytes.reduce((sum, length) => sum + length)).toBeLessThan(150_000);
  });

  test('are packed for those who take it, and for no other', async () => {
    const packed = await fetch(`${service.url}/playground/playground.js`, { headers: { 'accept-encoding': 'gzip' } });
    expect(packed.headers.get('content-encoding')).toBe('gzip');
    const { headers, text } = await service.get('/playground/playground.js');
    expect(headers['content-encoding']).toBeUndefined();
    expect(await packed.text()).toBe(text);
  });

  test('hold no inline script or style', async () => {
    const { text } = await service.get('/');
    expect(text).not.toMatch(/<style|style="|<script(?![^>]*\bsrc=)|\bon\w+="/);
  });
});
