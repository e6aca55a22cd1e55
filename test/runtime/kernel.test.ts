import { describe, expect, test } from 'vitest';
import type { Crew } from '../../src/engine/kernels/job.ts';
import type { Kernel } from '../../src/engine/kernels/kernel.ts';
import { reference } from '../../src/engine/kernels/reference.ts';
import { SimdKernel } from '../../src/engine/kernels/simd.ts';
import { readQuestion } from '../../src/runtime/answers.ts';
import { chooseEngine, kernelOf, readBuilds } from '../../src/runtime/kernel.ts';
import { codec } from '../codec.ts';
import { json, rows } from './asked.ts';

/** A call of 240 queries and keys of 8 numbers, one of which may be infinite. */
function call(kernel: Kernel, first = 0.5) {
  const data = Array<number | string>(240 * 8).fill(0.5);
  const tensor = (name: string, spoilt: boolean) => ({
    name,
    datatype: 'FP32',
    shape: [1, 1, 240, 8],
    data: spoilt && !Number.isFinite(first) ? data.with(0, `${first}`) : data,
  });
  const body = json({ inputs: [tensor('Q', false), tensor('K', true), tensor('V', false)], outputs: [{ name: 'lse' }] });
  return readQuestion({ kind: 'inference', body }, { kernel, codec, limits: { work: 1e12, replyNumbers: 1e9 } });
}

describe('a thread’s own kernel', () => {
  test('redoes no more than it is told to', () => {
    const engine = chooseEngine('simd');
    expect(`${call(kernelOf(engine, undefined, 1e9), Number.POSITIVE_INFINITY).carryOut().body}`).toContain('"lse"');
    expect(() => call(kernelOf(engine, undefined, 1000), Number.POSITIVE_INFINITY).carryOut()).toThrow('at most 1000 are redone');
  });

  test('shares its jobs with its crew', () => {
    let shared = 0;
    const crew: Crew = {
      threads: 2,
      share(_job, run) {
        shared++;
        run();
      },
    };
    // A job is shared where it is large.
    const rowsOf = rows(700, 64);
    const task = readQuestion(
      { kind: 'attention', body: json({ tokens: rowsOf, include: ['lse'] }) },
      { kernel: kernelOf(chooseEngine('simd'), crew), codec, limits: { work: 1e12, replyNumbers: 1e9 } },
    );
    expect(task.carryOut().body).toContain('"lse"');
    expect(shared).toBe(1);
  });
});

describe('the engine', () => {
  test('is the reference where that is asked for, and nothing is measured', () => {
    const engine = chooseEngine('reference');
    expect(engine).toEqual({ name: 'reference', choice: undefined });
    expect(kernelOf(engine)).toBe(reference);
  });

  test.each(['simd', 'auto'] as const)('%s: is a module that has passed its self-check, and its name says which', (setting) => {
    const engine = chooseEngine(setting);
    const { choice } = engine;
    if (!choice) throw new Error('no module passed its self-check');
    expect(Object.keys(choice.rates)).toContain(choice.tile);
    expect(engine.name).toBe(`wasm ${choice.tile} ${choice.relaxed ? 'relaxed-simd' : 'simd128'}${choice.revectorised ? ' revectorised' : ''}`);
    const kernel = kernelOf(engine);
    expect(kernel).toBeInstanceOf(SimdKernel);
    expect(kernel.name).toBe(engine.name);
  });

  test('is chosen once in a process for each setting', () => {
    expect(chooseEngine('simd')).toBe(chooseEngine('simd'));
    expect(chooseEngine('simd')).not.toBe(chooseEngine('reference'));
  });

  test('without flags of V8 is not revectorised', () => {
    expect(chooseEngine('simd').choice?.revectorised).toBe(false);
  });

  test('has two builds, in two precisions each, all of them modules that differ', () => {
    const { relaxed, strict } = readBuilds();
    const modules = [relaxed.float32, relaxed.float64, strict.float32, strict.float64].map((bytes) => Buffer.from(bytes));
    for (const bytes of modules) expect(() => new WebAssembly.Module(new Uint8Array(bytes))).not.toThrow();
    expect(new Set(modules.map((bytes) => bytes.toString('base64'))).size).toBe(4);
  });
});
