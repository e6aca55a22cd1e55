import { parseArgs } from 'node:util';
import { settingOf } from '../src/diagnose/diagnose.ts';
import { formsIn } from '../src/diagnose/mistake.ts';
import { MISTAKES } from '../src/diagnose/mistakes.ts';
import { type Change, changed, honestPlan } from '../src/diagnose/plan.ts';
import { Predictor } from '../src/diagnose/predictor.ts';
import { tokenSizes } from '../src/engine/token-attention.ts';
import { readAttentionRequest } from '../src/wire/attention-request.ts';
import { numbers } from './load/numbers.ts';
import { ServerProcess } from './load/server-process.ts';
import { heading, loadNow, table } from './report/markdown.ts';
import { spread } from './report/statistics.ts';

/*
 * How long a diagnosis takes over HTTP, of 128 tokens × 64 dimensions × 4 heads: of right numbers, of every mistake that
 * the request can be made with, of pairs of them, and of random numbers, for which everything is tried. Beside each runs
 * a client that asks /livez again and again: its longest wait is how long the event loop was held. Then how long vectors
 * that tell mistakes take, of few small options and of the largest ones.
 */
const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } });
const rounds = Number(options.rounds);
const AIM_MS = 1000;
const VECTORS_ROUNDS = 3;
const [N, D, HEADS, KV_HEADS] = [128, 64, 4, 2];
/** Every how many mistakes one is paired with the next but as many. */
const PAIRED_EVERY = 6;
/** These do not show in the context, or not at this size of scores. */
const INVISIBLE = new Set(['lse-base-2', 'fill-too-weak']);
const CONTEXT = new Set(['context'] as const);

const next = numbers(1);
const row = (columns: number, size = 1) => Array.from({ length: columns }, () => (2 * next() - 1) * size);
const matrix = (rows: number, columns: number, size = 1) => Array.from({ length: rows }, () => row(columns, size));
const shared = D * (KV_HEADS / HEADS);
const REQUESTS = {
  'causal, four projections': {
    tokens: matrix(N, D),
    heads: HEADS,
    scale: '1/sqrt(d_k)',
    causal: true,
    w_query: matrix(D, D),
    w_key: matrix(D, D),
    w_value: matrix(D, D),
    w_output: matrix(D, D),
  },
  'nearly every option': {
    tokens: matrix(N, D),
    heads: HEADS,
    kv_heads: KV_HEADS,
    scale: '1/sqrt(d_k)',
    causal: true,
    window: { left: 40 },
    w_query: matrix(D, D),
    w_key: matrix(D, shared),
    w_value: matrix(D, shared),
    w_output: matrix(D, D),
    b_query: row(D),
    b_key: row(shared),
    b_value: row(shared),
    b_output: row(D),
    mask: Array.from({ length: N }, () => Array.from({ length: N }, () => next() < 0.8)),
    bias: matrix(N, N),
    softcap: 5,
    sink: 1,
    position: { type: 'rope' },
  },
};

const SQUARE = { rows: 32, columns: 32 };
const HALF = { columns: 16 };
const VECTORS = {
  '3 tokens × 2, causal': { tokens: { rows: 3, columns: 2 }, scale: '1/sqrt(d_k)', causal: true },
  '32 tokens × 32, nearly every option': {
    tokens: SQUARE,
    heads: HEADS,
    kv_heads: KV_HEADS,
    scale: '1/sqrt(d_k)',
    causal: true,
    window: { left: 9 },
    w_query: SQUARE,
    w_key: HALF,
    w_value: HALF,
    w_output: SQUARE,
    b_query: true,
    b_key: true,
    b_value: true,
    b_output: true,
    mask: true,
    bias: true,
    sink: true,
    softcap: 2,
    position: { type: 'sinusoidal' },
  },
};

const load = loadNow();
const server = await ServerProcess.start('service');
try {
  console.log(heading(`Diagnosis of ${N} tokens × ${D} dimensions × ${HEADS} heads, ${rounds} rounds`, `node diagnose.ts --rounds ${rounds}`, load));
  for (const [name, request] of Object.entries(REQUESTS))
    console.log(table([name, 'named', 'ms, median', 'max', '/livez, max', `< ${AIM_MS}`], await measured(request)));
  const taken: string[][] = [];
  for (const [name, sizes] of Object.entries(VECTORS)) taken.push(await vectorsRow(name, sizes));
  console.log(table(['vectors', 'cases', 'ms, median', 'max', '/livez, max'], taken));
} finally {
  await server.stop();
}

async function vectorsRow(name: string, sizes: object): Promise<string[]> {
  const body = JSON.stringify(sizes);
  const rounds = [];
  for (let round = 0; round < VECTORS_ROUNDS; round++) rounds.push(await timed(body, '/attention/diagnose/vectors'));
  const { median, max } = spread(rounds.map(({ took }) => took));
  const { cases } = JSON.parse(rounds[0]?.text ?? '') as { cases: unknown[] };
  return [name, `${cases.length}`, median.toFixed(0), max.toFixed(0), Math.max(...rounds.map(({ held }) => held)).toFixed(0)];
}

/** Rows of a table: what was observed, and how long its diagnosis took. */
async function measured(request: object): Promise<string[][]> {
  const observed = observations(request);
  const taken = Object.entries(observed).map(([name, context]) => ({
    name,
    body: JSON.stringify({ ...request, observed: { context } }),
    times: [] as number[],
    held: 0,
    named: '',
  }));
  for (let round = -1; round < rounds; round++) {
    for (const one of taken) {
      const { took, held, text } = await timed(one.body);
      one.named = namedIn(text);
      if (round < 0) continue;
      one.times.push(took);
      one.held = Math.max(one.held, held);
    }
  }
  const groups = new Map<string, typeof taken>();
  for (const one of taken) {
    const group = one.name.includes(' + ') ? 'a pair of mistakes' : one.name.startsWith('/') ? one.name.slice(1) : 'a mistake';
    groups.set(group, [...(groups.get(group) ?? []), one]);
  }
  return [...groups].map(([group, members]) => {
    const times = members.flatMap(({ times }) => times);
    const { median, max } = spread(times);
    const held = Math.max(...members.map((one) => one.held));
    const right = members.filter((one) => one.named.split(', ').includes(one.name.startsWith('/') ? '' : one.name)).length;
    return [group, `${right} of ${members.length}`, median.toFixed(0), max.toFixed(0), held.toFixed(0), max < AIM_MS ? 'yes' : '**no**'];
  });
}

/** Context vectors by what they come from: one form of each mistake, some pairs, the right ones and random ones. */
function observations(request: object): Record<string, number[][]> {
  const { attention } = readAttentionRequest({ ...request, dtype: 'float64' });
  const predictor = new Predictor();
  const plan = honestPlan(attention);
  const { width } = tokenSizes(attention);
  const setting = settingOf(attention, predictor.callOf(plan), predictor.predict(plan, CONTEXT), []);
  const given = (...changes: readonly Change[]): number[][] => {
    const context = Array.from(predictor.predict(changes.reduce(changed, plan), CONTEXT).context ?? []);
    return Array.from({ length: N }, (_, r) => context.slice(r * width, (r + 1) * width));
  };
  const changes = MISTAKES.filter(({ code }) => !INVISIBLE.has(code)).flatMap((mistake) =>
    formsIn(mistake, setting)
      .slice(0, 1)
      .map((change) => [mistake.code, change] as const),
  );
  const pairs = changes.flatMap(([code, change], k) => {
    const [also, second] = changes[k + PAIRED_EVERY] ?? [];
    return second && k % PAIRED_EVERY === 0 ? [[`${code} + ${also}`, given(change, second)] as const] : [];
  });
  return {
    '/right numbers': given(),
    ...Object.fromEntries(changes.map(([code, change]) => [code, given(change)])),
    ...Object.fromEntries(pairs),
    '/random numbers': matrix(N, width, 2),
  };
}

/** The mistakes that a diagnosis names. */
function namedIn(text: string): string {
  const { mistakes } = JSON.parse(text) as { mistakes: { code: string; also?: string }[] };
  return mistakes.map(({ code, also }) => (also ? `${code} + ${also}` : code)).join(', ');
}

/** Milliseconds until the answer was there, and the longest that /livez took meanwhile. */
async function timed(body: string, path = '/attention/diagnose'): Promise<{ readonly took: number; readonly held: number; readonly text: string }> {
  let isDone = false;
  let held = 0;
  const watching = (async () => {
    while (!isDone) {
      const asked = performance.now();
      await (await fetch(`${server.origin}/livez`)).text();
      held = Math.max(held, performance.now() - asked);
      await new Promise((wake) => setTimeout(wake, 2));
    }
  })();
  const began = performance.now();
  const response = await fetch(`${server.origin}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  const text = await response.text();
  const took = performance.now() - began;
  isDone = true;
  await watching;
  if (response.status !== 200) throw new Error(`the service answered ${response.status}: ${text}`);
  return { took, held, text };
}
