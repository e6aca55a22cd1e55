import { describe, expect, test } from 'vitest';
import { type Build, chooseKernel, passesSelfCheck } from '../../../src/engine/kernels/choose.ts';
import type { Modules } from '../../../src/engine/kernels/job.ts';
import { floats, type Precision } from '../../../src/engine/tensor.ts';
import { readBuilds } from '../../../src/runtime/kernel.ts';

const builds = readBuilds();

const CONST = { float32: 0x43, float64: 0x44 } as const; // the instruction before the number
/** The first coefficient of the polynomial of 2^x, which every exponential uses. */
const LN_2 = { float32: Math.fround(Math.LN2), float64: Math.LN2 };
/** What a logit is multiplied by, for a power of 2 to be taken of it. */
const LOG2_OF_E = { float32: Math.fround(Math.LOG2E), float64: Math.LOG2E };

/** The build with another number wherever one of its modules has this constant: valid, and wrong. */
function broken(build: Build, constants: Readonly<Record<Precision, number>>, factor: number, precision: Precision = 'float32'): Build {
  const copy = new Uint8Array(build[precision]);
  const bytesOf = (number: number) => Buffer.from(floats(precision, 1).fill(number).buffer as ArrayBuffer);
  const sought = bytesOf(constants[precision]);
  const instead = bytesOf(constants[precision] * factor);
  let found = 0;
  for (let at = 0; at + 1 + sought.length <= copy.length; at++) {
    if (copy[at] !== CONST[precision] || !sought.equals(copy.subarray(at + 1, at + 1 + sought.length))) continue;
    copy.set(instead, at + 1);
    found++;
  }
  expect(found).toBeGreaterThan(0);
  return { ...build, [precision]: copy };
}

const compiled = ({ float32, float64 }: Build): Modules => ({
  float32: new WebAssembly.Module(new Uint8Array(float32)),
  float64: new WebAssembly.Module(new Uint8Array(float64)),
});

describe('the self-check', () => {
  test.each(['relaxed', 'strict'] as const)('passes the %s module', (build) => {
    expect(passesSelfCheck(compiled(builds[build]))).toBe(true);
  });

  test.each([
    ['every exponential of float32', LN_2, 'float32'],
    ['every exponential of float64', LN_2, 'float64'],
    ['every exponent of float32', LOG2_OF_E, 'float32'],
    ['every exponent of float64', LOG2_OF_E, 'float64'],
  ] as const)('catches a kernel that is off by a part in a thousand in %s', (_where, constant, precision) => {
    expect(passesSelfCheck(compiled(broken(builds.relaxed, constant, 1.001, precision)))).toBe(false);
  });
});

describe('chooseKernel', () => {
  test('takes a module with the widest of its fastest tiles, without a flag where none may be set', () => {
    const choice = chooseKernel(builds);
    expect(choice).toMatchObject({ relaxed: true, revectorised: false });
    const rates = choice?.rates ?? { '6x8': 0, '4x16': 0, '6x16': 0 };
    const near = (['6x8', '4x16', '6x16'] as const).filter((tile) => rates[tile] >= 0.9 * Math.max(...Object.values(rates)));
    expect(choice?.tile).toBe(near.at(-1));
  });

  test('falls back to the other build where one gives wrong answers', () => {
    expect(chooseKernel({ ...builds, relaxed: broken(builds.relaxed, LN_2, 1.01) })).toMatchObject({ relaxed: false });
  });

  test('falls back where the machine refuses a module', () => {
    expect(chooseKernel({ ...builds, relaxed: { ...builds.relaxed, float64: Uint8Array.of(0, 0x61, 0x73, 0x6d, 9, 9, 9, 9) } })).toMatchObject({
      relaxed: false,
    });
  });

  test('chooses none where none is right', () => {
    expect(chooseKernel({ relaxed: broken(builds.relaxed, LN_2, 1.01), strict: broken(builds.strict, LN_2, 1.01) })).toBeUndefined();
  });

  test('tries the experimental flag first, and takes it back where it is not used', () => {
    const flags: string[] = [];
    chooseKernel({ relaxed: broken(builds.relaxed, LN_2, 1.01), strict: builds.strict }, (flag) => flags.push(flag));
    const revectorize = flags.filter((flag) => flag.includes('revectorize'));
    expect(revectorize).toEqual(['--experimental-wasm-revectorize', '--no-experimental-wasm-revectorize', '--no-experimental-wasm-revectorize']);
  });
});
