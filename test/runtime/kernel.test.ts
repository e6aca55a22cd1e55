import { describe, expect, test } from 'vitest';
import { reference } from '../../src/engine/kernels/reference.ts';
import { SimdKernel } from '../../src/engine/kernels/simd.ts';
import { chooseEngine, kernelOf, readBuilds } from '../../src/runtime/kernel.ts';

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
