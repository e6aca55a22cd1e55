import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { naive } from '../diagnose/naive.ts';
import { useService } from './service.ts';

const run = promisify(execFile);
const service = useService({ THREADS: '1' });
const ask = (body: unknown, headers = {}) => service.ask(body, { path: '/attention/diagnose/vectors', headers });

const CAUSAL = { tokens: { rows: 3, columns: 2 }, scale: '1/sqrt(d_k)', causal: true };
const MANY = {
  tokens: { rows: 5, columns: 4 },
  heads: 2,
  mask: true,
  bias: true,
  sink: true,
  w_query: { columns: 4 },
  w_key: { columns: 4 },
  w_value: { columns: 4 },
  w_output: { columns: 4 },
  position: { type: 'rope' },
  softcap: 2,
};

describe('vectors that tell', () => {
  test('have right answers, and other ones where independent code makes a mistake that they kill', async () => {
    for (const options of [CAUSAL, MANY]) {
      const { status, json } = await ask(options);
      expect(status).toBe(200);
      for (const { request, expected, kills } of json.cases) {
        const right = naive(request);
        const differs = (numbers: ReturnType<typeof naive>) =>
          Math.max(
            ...(['scores', 'weights', 'context', 'lse'] as const).map((output) => {
              const wanted = [expected[output]].flat(4);
              const got: number[] = [numbers[output]].flat(4) as number[];
              return Math.max(
                ...got.map((value, k) =>
                  Number.isFinite(value) ? Math.abs(value - wanted[k]) / Math.max(1, Math.abs(wanted[k]) * 1e-6) : wanted[k] === null ? 0 : 1,
                ),
              );
            }),
          );
        expect(differs(right), JSON.stringify(request)).toBeLessThan(1e-5);
        for (const code of kills)
          if (code !== 'dropout-on' && code !== 'fill-too-weak') expect(differs(naive(request, new Set([code]))), code).toBeGreaterThanOrEqual(0.01);
      }
      expect(new Set(json.cases.flatMap((one: { kills: string[] }) => one.kills)).size).toBeGreaterThan(10);
    }
  });

  test('say what they can’t tell apart', async () => {
    expect((await ask(CAUSAL)).json.not_told_apart).toEqual([['scale-by-d', 'scale-twice']]);
  });

  test('sizes that are none, or do not fit, are refused at their places', async () => {
    const { status, json } = await ask({ tokens: { rows: 0, columns: 2 }, mask: 1, labels: ['a'] });
    expect(status).toBe(422);
    expect(json.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual(['/labels', '/tokens/rows', '/mask']);
    expect((await ask({ tokens: { rows: 3, columns: 5 }, heads: 2 })).json.errors[0].pointer).toBe('/heads');
  });
});

const PYTHON = '/usr/bin/python3';

const ATTENTION = `
import numpy as np

def attention(tokens, scale, causal):
    scores = tokens @ tokens.T / np.sqrt(tokens.shape[1])
    logits = np.where(np.tri(len(tokens), dtype=bool), scores, -np.inf)
    weights = np.exp(logits - logits.max(-1, keepdims=True))
    weights /= weights.sum(-1, keepdims=True)
    return {"weights": weights, "context": weights @ tokens}
`;

/** What a slip makes of a line. */
const SLIPS = [
  ['weights.sum(-1', 'weights.sum(0'],
  [' / np.sqrt(tokens.shape[1])', ''],
  ['np.tri(len(tokens)', 'np.tri(len(tokens), k=1'],
  ['-np.inf)', '-1.0)'],
] as const;

const hasPytest = await run(PYTHON, ['-c', 'import numpy, pytest']).then(
  () => true,
  () => false,
);

test('as a file for pytest, they pass right code, and fail it with any one slip', async (context) => {
  context.skip(!hasPytest, `no NumPy or no pytest for ${PYTHON}: install python3-numpy and python3-pytest`);
  const { headers, text } = await ask(CAUSAL, { accept: 'text/x-python' });
  expect(headers['content-type']).toBe('text/x-python; charset=utf-8');
  const folder = await mkdtemp(join(tmpdir(), 'vectors-'));
  const pytest = async (code: string) => {
    await writeFile(join(folder, 'my_attention.py'), code);
    const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' };
    return run(PYTHON, ['-m', 'pytest', '-q', '-p', 'no:cacheprovider', 'test_vectors.py'], { cwd: folder, env });
  };
  try {
    await writeFile(join(folder, 'test_vectors.py'), text);
    expect((await pytest(ATTENTION)).stdout).toMatch(/^\d+ passed/m);
    for (const [line, slip] of SLIPS) {
      expect(ATTENTION).toContain(line);
      await expect(pytest(ATTENTION.replace(line, slip)), slip).rejects.toMatchObject({ stdout: expect.stringMatching(/is wrong at/) });
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});
