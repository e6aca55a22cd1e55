import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Floats } from '../../../src/engine/tensor.ts';
import { printPortably } from '../../../src/wire/numbers/portable.ts';
import { Printer } from '../../../src/wire/numbers/printer.ts';
import type { Numbers, Segment } from '../../../src/wire/numbers/segments.ts';
import { random } from '../../engine/calls.ts';
import { slow } from '../../slow.ts';
import { anyFloats, around } from './floats.ts';

// As it is, whether it passes its self-check or not: that is codec.test.ts's.
const module = new WebAssembly.Module(readFileSync(new URL('../../../src/wire/numbers/print.wasm', import.meta.url)));
const printer = new Printer(module);
const print = (...reply: Segment[]) => printer.print(reply).toString();
const list = (data: Floats, options: Partial<Numbers> = {}): Numbers => ({ data, shape: [data.length], ...options });

/** Both ways, number by number where they differ: a message of a megabyte says nothing. */
function agree(numbers: Numbers): void {
  const got = print(numbers);
  const wanted = printPortably([numbers]);
  if (got === wanted) return;
  const wrong = got.split(',').flatMap((text, i) => (text === wanted.split(',')[i] ? [] : [`${text} for ${wanted.split(',')[i]}`]));
  expect(wrong).toEqual([]);
  expect(got.length).toBe(wanted.length);
}

const KINDS = { float32: Float32Array, float64: Float64Array } as const;

describe.each(['float32', 'float64'] as const)('%s', (kind) => {
  const of = (...values: number[]) => KINDS[kind].from(values);

  test('prints every notation of JavaScript', () => {
    expect(print(list(of(0, -0, 1, -1, 10, 0.5, -0.25, 100.5, 123456, 16777216, 1e20, 1e21, 2 ** 60, 1e-6, 1e-7, -1.5e-7, 2e-44)))).toBe(
      kind === 'float32'
        ? '[0,0,1,-1,10,0.5,-0.25,100.5,123456,16777216,100000000000000000000,1e+21,1152921500000000000,0.000001,1e-7,-1.5e-7,2e-44]'
        : '[0,0,1,-1,10,0.5,-0.25,100.5,123456,16777216,100000000000000000000,1e+21,1152921504606847000,0.000001,1e-7,-1.5e-7,2e-44]',
    );
  });

  test('prints what is not finite as null, or as a word', () => {
    const data = of(Number.NaN, 1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY);
    expect(print(list(data))).toBe('[null,1,null,null]');
    expect(print(list(data, { decimals: 3 }))).toBe('[null,1,null,null]');
    expect(print(list(data, { words: true }))).toBe('["NaN",1,"Infinity","-Infinity"]');
  });

  test.each([0, -0, Number.NaN, Number.NEGATIVE_INFINITY, 5e-45, -0.5])('prints arrays of any length, with %d at any place', (value) => {
    for (let length = 1; length <= 9; length++) {
      const data = anyFloats(kind, length, length);
      for (let place = 0; place < length; place++) agree(list(data.with(place, value)));
    }
  });

  test('prints any number as JavaScript does', () => {
    for (let seed = 1; seed <= 10; seed++) agree(list(anyFloats(kind, 5000, seed)));
  });

  test('prints powers of two and of ten, and their neighbours', () => {
    const [least, most] = kind === 'float32' ? [-149, 127] : [-1074, 1023];
    const twos = Array.from({ length: most - least + 1 }, (_, i) => 2 ** (least + i));
    const tens = Array.from({ length: kind === 'float32' ? 84 : 632 }, (_, i) => Number(`1e${i - (kind === 'float32' ? 45 : 323)}`));
    agree(list(of(...[...twos, ...tens].flatMap((value) => around(kind, value)).filter(Number.isFinite))));
  });

  test('prints the smallest numbers and the greatest', () => {
    const denormals = Array.from({ length: 2000 }, (_, i) => (i + 1) * (kind === 'float32' ? 2 ** -149 : 2 ** -1074));
    agree(list(of(...denormals)));
    const greatest = kind === 'float32' ? 3.4028234663852886e38 : Number.MAX_VALUE;
    agree(list(of(...around(kind, greatest))));
  });

  test('prints integers, and decimals of few digits', () => {
    const next = random(7);
    agree(list(of(...Array.from({ length: 5000 }, (_, i) => i - 1000))));
    agree(list(of(...Array.from({ length: 20_000 }, (_, i) => Math.round((next() - 0.5) * 10 ** (i % 17)) / 10 ** (i % 13)))));
    agree(list(of(...Array.from({ length: 20_000 }, (_, i) => (next() - 0.5) * 10 ** ((i % 60) - 30)))));
  });

  test.each(Array.from({ length: 16 }, (_, decimals) => decimals))('rounds to %i decimals as toFixed does', (decimals) => {
    const next = random(decimals + 1);
    const sizes = Array.from({ length: 6000 }, (_, i) => (next() - 0.5) * 10 ** ((i % 48) - 22));
    // Halfway between two, exactly or by the last bit.
    const halves = Array.from({ length: 4000 }, (_, i) => (Math.floor(next() * 10 ** (i % 8)) + 0.5) / 10 ** Math.min(decimals, i % 16));
    const binary = Array.from({ length: 2000 }, (_, i) => (2 * i + 1) / 2 ** (i % 24));
    agree(list(of(...sizes), { decimals }));
    agree(list(of(...halves, ...binary), { decimals }));
    agree(list(of(...halves.flatMap((value) => around(kind, value))), { decimals }));
    agree(list(anyFloats(kind, 2000, decimals), { decimals }));
    agree(
      list(
        of(
          ...around(kind, 10 ** (15 - decimals)),
          ...around(kind, 2 ** 53 / 10 ** decimals),
          ...around(kind, 1e21),
          ...around(kind, 10 ** -decimals / 2),
        ),
        { decimals },
      ),
    );
  });

  slow('prints 5 million numbers as JavaScript does', () => {
    for (let seed = 1; seed <= 100; seed++) agree(list(anyFloats(kind, 50_000, 1000 + seed)));
  });
});

describe('a reply', () => {
  const counted = (length: number) => Float32Array.from({ length }, (_, i) => i);

  test('is its texts, and its numbers between them by their axes', () => {
    expect(print('{"é":', { data: counted(6), shape: [2, 3] }, ',"x":', { data: Float64Array.of(0.1), shape: [] }, '}')).toBe(
      '{"é":[[0,1,2],[3,4,5]],"x":0.1}',
    );
    expect(print({ data: counted(6), shape: [3, 1, 2] })).toBe('[[[0,1]],[[2,3]],[[4,5]]]');
    expect(print({ data: counted(1), shape: [1, 1, 1] })).toBe('[[[0]]]');
    expect(print({ data: counted(0), shape: [0] }, { data: counted(0), shape: [2, 0] })).toBe('[][[],[]]');
    expect(print()).toBe('');
  });

  // A record has room for eight axes.
  test.each([
    [[70_000]],
    [[7, 10_000]],
    [[10_000, 7]],
    [[70_000, 1]],
    [[100, 7, 100]],
    [[2, 5, 7, 1000]],
    [[1, 1, 1, 1, 1, 1, 2, 35_000]],
    [[1, 1, 1, 1, 1, 1, 1, 7, 100]],
  ])('of more than the window holds is cut nowhere: %j', (shape) => {
    const single = counted(shape.reduce((size, axis) => size * axis, 1));
    for (const data of [single, Float64Array.from(single)]) {
      const reply = ['[', { data, shape }, ',', { data, shape, decimals: 1 }, ']'];
      expect(print(...reply) === printPortably(reply)).toBe(true);
    }
  });

  test('of many segments, of long texts, and of numbers at their longest', () => {
    const segments = Array.from({ length: 1000 }, (_, i): Segment[] => [`"é${i}":`, { data: counted(i % 40), shape: [i % 40] }]).flat();
    expect(print(...segments)).toBe(printPortably(segments));
    const long = ['"', 'ü'.repeat(100_000), '",', { data: Float64Array.of(1), shape: [1] }, 'x'.repeat(40_000)];
    expect(print(...long) === printPortably(long)).toBe(true);
    const longest = { data: new Float64Array(20_000).fill(-1.2345678901234568e-300), shape: [20_000] };
    expect(print(longest) === printPortably([longest])).toBe(true);
    const deep = { data: new Float32Array(20_000).fill(-1.1754944e-38), shape: [20_000, 1, 1, 1] };
    expect(print(deep) === printPortably([deep])).toBe(true);
  });

  test('may turn out longer than its beginning promised, and keeps it', () => {
    const short = new Float32Array(100_000);
    const long = new Float64Array(60_000).fill(-1.2345678901234568e-300);
    const reply = [list(short), '"', 'ü€'.repeat(10), '"', list(long), list(short), list(long)];
    expect(print(...reply) === printPortably(reply)).toBe(true);
  });

  test('is text where it is short, and bytes where it is long, of memory of their own', () => {
    expect(typeof printer.print(['{}'])).toBe('string');
    const sixteen = Array<string>(16).fill('x'.repeat(1024));
    expect(printer.print(sixteen)).toBe('x'.repeat(16_384));
    expect(printer.print([...sixteen, 'x'])).toEqual(Buffer.alloc(16_385, 'x'));
    const bytes = printer.print([list(counted(5000))]);
    expect(Buffer.isBuffer(bytes)).toBe(true);
    const text = bytes.toString();
    printer.print([list(counted(5000).map((value) => -value))]);
    expect(bytes.toString()).toBe(text);
  });

  test('takes no more memory, however long', () => {
    const before = new WebAssembly.Instance(module, {}).exports['memory'] as { buffer: ArrayBuffer };
    expect(before.buffer.byteLength).toBeLessThanOrEqual(8 * 65_536);
  });
});
