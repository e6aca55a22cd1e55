import { describe, expect, test } from 'vitest';
import { type Build, bestTile, chooseKernel, passesSelfCheck } from '../../../src/engine/kernels/choose.ts';
import type { Modules } from '../../../src/engine/kernels/job.ts';
import { floats, type Precision } from '../../../src/engine/tensor.ts';
import { readBuilds } from '../../../src/runtime/kernel.ts';

const builds = readBuilds();

const CONST = { float32: 0x43, float64: 0x44 } as const; // the instruction before the number
/** The first coefficient of the polynomial of 2^x, which every exponential uses. */
const LN_2 = { float32: Math.fround(Math.LN2), float64: Math.LN2 };
/** What a logit is multiplied by, for a power of 2 to be taken of it. */
const LOG2_OF_E = { float32: Math.fround(Math.LOG2E), float64: Math.LOG2E };

/** The build with other bytes wherever one of its modules has these: valid, and wrong. */
function patched(build: Build, precision: Precision, sought: Buffer, instead: Buffer): Build {
  const copy = Buffer.from(build[precision]);
  let found = 0;
  for (let at = copy.indexOf(sought); at >= 0; at = copy.indexOf(sought, at + 1)) {
    instead.copy(copy, at);
    found++;
  }
  expect(found).toBeGreaterThan(0);
  return { ...build, [precision]: copy };
}

/** The build with another number wherever one of its modules has this constant. */
function broken(build: Build, constants: Readonly<Record<Precision, number>>, factor: number, precision: Precision = 'float32'): Build {
  const instruction = (number: number) => Buffer.from([CONST[precision], ...new Uint8Array(floats(precision, 1).fill(number).buffer as ArrayBuffer)]);
  return patched(build, precision, instruction(constants[precision]), instruction(constants[precision] * factor));
}

/** A vector of four equal numbers, as an instruction has it. */
const fourTimes = (number: number) => Buffer.from(Float32Array.of(number, number, number, number).buffer);

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

  test.each([
    ['float32', 1.0001],
    ['float64', 1 + 1e-13],
  ] as const)('catches one that is off in some places, and within the bounds in others, in %s', (precision, factor) => {
    expect(passesSelfCheck(compiled(broken(builds.relaxed, LN_2, factor, precision)))).toBe(false);
  });

  test('catches a softcap that is off', () => {
    expect(passesSelfCheck(compiled(patched(builds.relaxed, 'float32', fourTimes(-3.33332819422e-1), fourTimes(-3.34e-1))))).toBe(false);
  });

  test.each([
    ['sees its first key too late', [0xfd, 0x3f], [0xfd, 0x3b]], // i32x4.ge_s, gt_s
    ['sees a key past its last', [0xfd, 0x39], [0xfd, 0x3d]], // i32x4.lt_s, le_s
    ['is drawn to keys far away', [0xfd, 0xa0, 0x01], [0xfd, 0xa1, 0x01]], // i32x4.abs, neg
  ] as const)('catches a row that %s', (_what, sought, instead) => {
    expect(passesSelfCheck(compiled(patched(builds.relaxed, 'float32', Buffer.from(sought), Buffer.from(instead))))).toBe(false);
  });
});

/** A module of two empty functions, `run` and `merge`, over a shared memory of at least so many pages, that begin with this instruction. */
function tinyBuild({ pages = 2, instructions = [] }: { readonly pages?: number; readonly instructions?: readonly number[] }): Build {
  const section = (id: number, ...content: readonly (number | string)[]) => {
    const bytes = content.flatMap((part) => (typeof part === 'string' ? [part.length, ...Buffer.from(part)] : [part]));
    return [id, bytes.length, ...bytes];
  };
  const bytes = Uint8Array.of(
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, 1, 0x60, 2, 0x7f, 0x7f, 0), // (i32, i32) → ()
    ...section(2, 1, 'env', 'memory', 2, 3, pages, 0x80, 0x80, 4), // shared, up to 65,536 pages
    ...section(3, 1, 0),
    ...section(7, 2, 'run', 0, 0, 'merge', 0, 0),
    ...section(10, 1, instructions.length + 2, 0, ...instructions, 0x0b),
  );
  return { float32: bytes, float64: bytes };
}

describe('chooseKernel', () => {
  test('takes a module with the best of its tiles, without a flag where none may be set', () => {
    const choice = chooseKernel(builds);
    expect(choice).toMatchObject({ relaxed: true, revectorised: false });
    expect(choice?.tile).toBe(bestTile(choice?.rates ?? { '6x8': 0, '4x16': 0, '6x16': 0 }, false));
  });

  test.each([
    [{ '6x8': 34, '4x16': 32, '6x16': 27 }, false, '6x8'],
    [{ '6x8': 29, '4x16': 32, '6x16': 28 }, false, '6x8'],
    [{ '6x8': 28, '4x16': 32, '6x16': 27 }, false, '4x16'],
    [{ '6x8': 45, '4x16': 60, '6x16': 54 }, true, '6x16'],
    [{ '6x8': 45, '4x16': 61, '6x16': 54 }, true, '4x16'],
    [{ '6x8': 13, '4x16': 14, '6x16': 14 }, true, '6x16'],
  ] as const)('of %j, vectors joined: %s, the best tile is %s', (rates, revectorised, tile) => {
    expect(bestTile(rates, revectorised)).toBe(tile);
  });

  test('falls back to the other build where one gives wrong answers', () => {
    expect(chooseKernel({ ...builds, relaxed: broken(builds.relaxed, LN_2, 1.01) })).toMatchObject({ relaxed: false });
  });

  test('falls back where the machine refuses a module', () => {
    expect(chooseKernel({ ...builds, relaxed: { ...builds.relaxed, float64: Uint8Array.of(0, 0x61, 0x73, 0x6d, 9, 9, 9, 9) } })).toMatchObject({
      relaxed: false,
    });
  });

  test.each([
    ['wants more memory than there is', tinyBuild({ pages: 9 }), WebAssembly.LinkError],
    ['traps', tinyBuild({ instructions: [0] }), WebAssembly.RuntimeError],
  ] as const)('falls back where a module %s', (_what, relaxed, kind) => {
    expect(() => passesSelfCheck(compiled(relaxed))).toThrow(kind);
    expect(chooseKernel({ ...builds, relaxed })).toMatchObject({ relaxed: false });
  });

  test('falls back where a module does nothing', () => {
    expect(passesSelfCheck(compiled(tinyBuild({})))).toBe(false);
    expect(chooseKernel({ ...builds, relaxed: tinyBuild({}) })).toMatchObject({ relaxed: false });
  });

  test('does not hide any other error', () => {
    const bytes = new Proxy(builds.relaxed, {
      get: () => {
        throw new RangeError('not a machine’s fault');
      },
    });
    expect(() => chooseKernel({ ...builds, relaxed: bytes })).toThrow('not a machine’s fault');
  });

  test('says how long it took, and what it measured', () => {
    const before = performance.now();
    const choice = chooseKernel(builds);
    expect(choice?.milliseconds).toBeGreaterThan(0);
    expect(choice?.milliseconds).toBeLessThanOrEqual(performance.now() - before);
    // In GFLOP/s, as machines have them: a thousandth, or a hundred thousand, are of another unit.
    for (const rate of Object.values(choice?.rates ?? {})) expect([rate > 0.001, rate < 100_000]).toEqual([true, true]);
  });

  test('chooses none where none is right', () => {
    expect(chooseKernel({ relaxed: broken(builds.relaxed, LN_2, 1.01), strict: broken(builds.strict, LN_2, 1.01) })).toBeUndefined();
  });

  test('tries the experimental flag first, and takes it back where it is not used', () => {
    const flags: string[] = [];
    chooseKernel({ relaxed: broken(builds.relaxed, LN_2, 1.01), strict: builds.strict }, (flag) => flags.push(flag));
    const early = '--wasm-tiering-budget=30000';
    const late = '--wasm-tiering-budget=13000000';
    const [wide, narrow] = ['--experimental-wasm-revectorize', '--no-experimental-wasm-revectorize'];
    expect(flags).toEqual([wide, early, late, narrow, early, late, narrow, early, late]);
  });

  test('keeps the flag for a module that was chosen with it', () => {
    const flags: string[] = [];
    expect(chooseKernel(builds, (flag) => flags.push(flag))).toMatchObject({ relaxed: true, revectorised: true });
    expect(flags.filter((flag) => flag.includes('revectorize'))).toEqual(['--experimental-wasm-revectorize']);
  });
});
