import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { chooseKernel, passesSelfCheck } from '../../../src/engine/kernels/choose.ts';

const moduleOf = (build: string) => new Uint8Array(readFileSync(new URL(`../../../src/engine/kernels/${build}.wasm`, import.meta.url)));
const builds = { relaxed: moduleOf('relaxed'), strict: moduleOf('strict') };

const F32_CONST = 0x43;
/** The first coefficient of the polynomial of 2^x, which every exponential uses. */
const LN_2 = Math.fround(Math.LN2);
/** What the last few weights of a row are multiplied by, outside the vectors. */
const LOG2_OF_E = Math.fround(Math.LOG2E);

/** The module with another number wherever it has this f32 constant: valid, and wrong. */
function broken(bytes: Uint8Array, constant: number, other: number): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(bytes);
  const sought = Buffer.from(Float32Array.of(constant).buffer);
  const instead = Buffer.from(Float32Array.of(other).buffer);
  let found = 0;
  for (let at = 0; at + 5 <= copy.length; at++) {
    if (copy[at] !== F32_CONST || !sought.equals(copy.subarray(at + 1, at + 5))) continue;
    copy.set(instead, at + 1);
    found++;
  }
  expect(found).toBeGreaterThan(0);
  return copy;
}

describe('the self-check', () => {
  test.each(['relaxed', 'strict'] as const)('passes the %s module', (build) => {
    expect(passesSelfCheck(new WebAssembly.Module(new Uint8Array(builds[build])))).toBe(true);
  });

  test.each([
    ['every exponential', LN_2],
    ['the weights past the last whole vector alone', LOG2_OF_E],
  ])('catches a kernel that is off by a part in a thousand in %s', (_where, constant) => {
    expect(passesSelfCheck(new WebAssembly.Module(broken(builds.relaxed, constant, constant * 1.001)))).toBe(false);
  });
});

describe('chooseKernel', () => {
  test('takes a module with its fastest tile, without a flag where none may be set', () => {
    const choice = chooseKernel(builds);
    expect(choice).toMatchObject({ relaxed: true, revectorised: false });
    expect(choice?.rates[choice.tile]).toBe(Math.max(...Object.values(choice?.rates ?? {})));
  });

  test('falls back to the other build where one gives wrong answers', () => {
    expect(chooseKernel({ ...builds, relaxed: broken(builds.relaxed, LN_2, 0.7) })).toMatchObject({ relaxed: false });
  });

  test('falls back where the machine refuses a module', () => {
    expect(chooseKernel({ ...builds, relaxed: Uint8Array.of(0, 0x61, 0x73, 0x6d, 9, 9, 9, 9) })).toMatchObject({ relaxed: false });
  });

  test('chooses none where none is right', () => {
    expect(chooseKernel({ relaxed: broken(builds.relaxed, LN_2, 0.7), strict: broken(builds.strict, LN_2, 0.7) })).toBeUndefined();
  });

  test('tries the experimental flag first, and takes it back where it is not used', () => {
    const flags: string[] = [];
    chooseKernel({ relaxed: broken(builds.relaxed, LN_2, 0.7), strict: builds.strict }, (flag) => flags.push(flag));
    const revectorize = flags.filter((flag) => flag.includes('revectorize'));
    expect(revectorize).toEqual(['--experimental-wasm-revectorize', '--no-experimental-wasm-revectorize', '--no-experimental-wasm-revectorize']);
  });
});
