import { describe, expect, test } from 'vitest';
import { NumberArray } from '../../../src/wire/numbers/number-array.ts';
import { random } from '../../engine/calls.ts';
import { slow } from '../../slow.ts';
import { FILLER, numberOf, read, WINDOW_BYTES } from './reader.ts';

/** What JSON.parse makes of a text that is a number, and a finite one. */
function parsed(text: string): number | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Every text of these characters that is so long. */
function* texts(characters: string, length: number): Generator<string> {
  if (length === 0) yield '';
  else for (const text of texts(characters, length - 1)) for (const character of characters) yield text + character;
}

const BITS = new DataView(new ArrayBuffer(8));
function doubleOf(bits: bigint): number {
  BITS.setBigUint64(0, bits);
  return BITS.getFloat64(0);
}

function next(value: number, steps: bigint): number {
  BITS.setFloat64(0, value);
  return doubleOf(BITS.getBigUint64(0) + steps);
}

/** Every digit of a double. */
function exactly(value: number): string {
  if (Number.isInteger(value)) return BigInt(value).toString();
  BITS.setFloat64(0, value);
  const bits = BITS.getBigUint64(0);
  const biased = Number((bits >> 52n) & 0x7ffn);
  const fraction = (bits & ((1n << 52n) - 1n)) | (biased === 0 ? 0n : 1n << 52n);
  return halves(fraction, (biased === 0 ? 1 : biased) - 1075);
}

/** Every digit of `integer` · 2^`power`. */
function halves(integer: bigint, power: number): string {
  if (power >= 0) return (integer << BigInt(power)).toString();
  const digits = (integer * 5n ** BigInt(-power)).toString().padStart(1 - power, '0');
  return `${digits.slice(0, power)}.${digits.slice(power)}`;
}

/** Every digit of the number halfway between a double and the next. */
function halfway(value: number): string {
  BITS.setFloat64(0, value);
  const bits = BITS.getBigUint64(0);
  const biased = Number((bits >> 52n) & 0x7ffn);
  const fraction = (bits & ((1n << 52n) - 1n)) | (biased === 0 ? 0n : 1n << 52n);
  return halves(2n * fraction + 1n, (biased === 0 ? 1 : biased) - 1076);
}

function agrees(text: string): void {
  const got = numberOf(text);
  if (!Object.is(got, parsed(text))) expect.soft(got, text).toBe(parsed(text));
}

/** The same for float32: as the first number of a list, as one among others, and as the last. */
function agreesAsSingle(text: string): void {
  const value = Math.fround(parsed(text) ?? Number.NaN);
  const single = Number.isFinite(value) ? value : undefined;
  const list = read(`[[0.5,${text}${FILLER},${text}]]`, []);
  const got = list instanceof NumberArray && list.data.length === FILLER.length / 2 + 3 ? [list.data[1], list.data.at(-1)] : [undefined, undefined];
  for (const one of [numberOf(text, []), ...got]) if (!Object.is(one, single)) expect.soft(one, text).toBe(single);
}

describe('the grammar of a number', () => {
  test('is that of JSON.parse for every text of up to five of its characters', () => {
    for (let length = 1; length <= 5; length++) for (const text of texts('019-+.eE', length)) agrees(text);
  });

  test('is the same for float32', () => {
    for (let length = 1; length <= 5; length++) for (const text of texts('019-+.e', length)) agreesAsSingle(text);
  });

  test('has no other character', () => {
    for (let code = 0; code < 256; code++) {
      const character = String.fromCharCode(code);
      for (const text of [character, `1${character}`, `1.${character}5`, `1e${character}5`, `12345678${character}`]) {
        agrees(text.trim());
        // A comma would make two of it.
        if (character !== ',') agreesAsSingle(text.trim());
      }
    }
  });
});

describe('the nearest double', () => {
  test.each([
    ['0', 0],
    ['-0', -0],
    ['-0.0e-0', -0],
    ['0e999999999999', 0],
    ['1e-400', 0],
    ['-1e-400', -0],
    ['1e400', undefined],
    ['1e999', undefined],
    [`1e${'9'.repeat(400)}`, undefined],
    [`1e-${'9'.repeat(400)}`, 0],
    [`0.${'0'.repeat(5000)}1e5001`, 1],
    [`1${'0'.repeat(5000)}e-5000`, 1],
    ['123456789012345678', 123456789012345680],
    ['9007199254740993', 9007199254740992],
    ['9007199254740993.0000000000000001', 9007199254740994],
    ['2.2250738585072011e-308', 2.225073858507201e-308],
    ['2.2250738585072012e-308', 2.2250738585072014e-308],
    ['4.9e-324', 5e-324],
    ['2.4703282292062327e-324', 0],
    ['2.4703282292062328e-324', 5e-324],
    ['1.7976931348623157e308', Number.MAX_VALUE],
    ['1.7976931348623158e308', Number.MAX_VALUE],
    ['1.7976931348623159e308', undefined],
    ['8.98846567431158e307', 8.98846567431158e307],
  ])('of %s is %d', (text, value) => {
    expect(numberOf(text)).toBe(value);
  });

  test('is found for powers of two and of ten, and for what lies beside them and halfway', () => {
    const powers = [...Array.from({ length: 2098 }, (_, i) => 2 ** (i - 1074)), ...Array.from({ length: 632 }, (_, i) => Number(`1e${i - 323}`))];
    for (const power of powers) {
      for (const value of [power, next(power, 1n), next(power, -1n)]) {
        if (!Number.isFinite(value)) continue;
        const between = halfway(value);
        for (const text of [
          String(value),
          value.toExponential(18),
          value.toPrecision(17),
          exactly(value),
          between,
          `${between}${between.includes('.') ? '' : '.'}0001`,
        ])
          agrees(text);
      }
    }
  });

  test('takes no longer for many digits than they are long', () => {
    for (const digits of [19, 20, 21, 400, 800, 20_000]) {
      for (const text of [
        '1'.repeat(digits),
        `0.${'9'.repeat(digits)}`,
        `${'0.'}${'0'.repeat(digits)}${'7'.repeat(digits)}`,
        `1.${'0'.repeat(digits)}1`,
      ])
        agrees(text);
    }
    expect(numberOf('1'.repeat(1_000_000))).toBeUndefined();
    expect(numberOf(`0.${'1'.repeat(1_000_000)}`)).toBeUndefined();
  });
});

describe('the nearest float32', () => {
  test('is that of the nearest double, where a number lies close to the middle of two', () => {
    // The double rounds up to the middle, which then rounds to even: reading it as a float32 at once would give the one below.
    const middle = halfwaySingle(1 + 2 ** -23);
    for (const text of [`${middle}0000000000001`, `${middle}`, '16777217.0000000001', '3.4028235677973362e38', '1e-46', '-7e-46'])
      expect(numberOf(text, []), text).toBe(Math.fround(Number(text)));
    expect(numberOf('3.4028235677973366e38', [])).toBeUndefined();
    expect(numberOf('-1e39', [])).toBeUndefined();
    expect(Object.is(numberOf('-1e-60', []), -0)).toBe(true);
  });

  /** Doubles just between two float32 of all sizes up to the greatest, and those up to six steps beside them. */
  function nearMiddles(seed: number, count: number): number[] {
    const random1 = random(seed);
    const middle = (): number => {
      const single = Math.fround((random1() + 1.5) * 10 ** Math.floor(random1() * 12));
      BITS.setFloat32(0, single);
      BITS.setUint32(0, BITS.getUint32(0) + 1);
      return (single + BITS.getFloat32(0)) / 2;
    };
    return Array.from({ length: count }, middle).flatMap((value) => Array.from({ length: 13 }, (_, i) => next(value, BigInt(i - 6))));
  }

  function wrongSingles(texts: readonly string[]): string[] {
    const value = read(`[[${texts.join(',')}]]`, []);
    if (!(value instanceof NumberArray)) throw new Error('the reader gave up');
    return texts.filter((text, i) => !Object.is(value.data[i], Math.fround(Number(text))));
  }

  test('is found within steps of the middle of two, by 17 digits and by 19', () => {
    const values = nearMiddles(1, 4000);
    expect(wrongSingles(values.map(String))).toEqual([]);
    expect(wrongSingles(values.filter((value) => value >= 1e-3 && value < 1e6).map((value) => (-value).toPrecision(19)))).toEqual([]);
    expect(wrongSingles(['9223372036854775807', '9223372036854775808', '9999999999999999999', '18446744073709551615'])).toEqual([]);
    const greatest = 2 ** 128 - 2 ** 103;
    for (const steps of [-6n, -1n, 0n, 1n, 6n]) {
      const value = next(greatest, steps);
      expect(numberOf(String(value), []), `${steps}`).toBe(Number.isFinite(Math.fround(value)) ? Math.fround(value) : undefined);
    }
  });

  test('is found for up to 40 digits, wherever the point stands and however many zeros lead', () => {
    const random1 = random(3);
    const digits = (count: number) => Array.from({ length: count }, () => Math.floor(((random1() + 1) / 2) * 10)).join('');
    const texts: string[] = [];
    for (let length = 1; length <= 40; length++) {
      for (let whole = 1; whole <= Math.min(length, 38); whole++) {
        const integer = whole === 1 ? '0' : `2${digits(whole - 1)}`;
        const fraction = digits(length - whole);
        for (let zeros = 0; zeros <= fraction.length; zeros += 3) {
          const text = fraction === '' ? integer : `${integer}.${'0'.repeat(zeros)}${fraction.slice(zeros)}`;
          texts.push(text, `-${text}`);
        }
      }
    }
    expect(wrongSingles(texts)).toEqual([]);
  });

  test('is found where the digits that decide come after the sixteenth', () => {
    const below = (text: string) => text.replace(/[1-9]0*$/, (digit) => `${Number(digit[0]) - 1}${'9'.repeat(digit.length)}`);
    const texts = nearMiddles(4, 300)
      .map((value) => Math.abs(value) % 1024)
      .flatMap((value) => [exactly(value), exactly(value / 2 ** 20)])
      .filter((text) => text.includes('.'))
      .flatMap((text) => [text, `${text}1`, below(text)]);
    expect(wrongSingles(texts)).toEqual([]);
  });

  test('is found for numbers of any length at the border of two windows', () => {
    const random1 = random(5);
    const list = Array.from({ length: 12 }, (_, i) => `${i % 2 === 0 ? '-' : ''}${Math.abs(random1()).toFixed(1 + 3 * i)}`);
    for (let cut = 0; cut <= list.join().length + 2; cut++) {
      const value = read(`${' '.repeat(WINDOW_BYTES - cut - 2 - FILLER.length)}[[0${FILLER},${list.join()}]]`, []);
      if (!(value instanceof NumberArray)) throw new Error('the reader gave up');
      expect([...value.data.subarray(-list.length)], `${cut}`).toEqual(list.map((text) => Math.fround(Number(text))));
    }
  });

  test('is that of a hundred thousand numbers by seed', () => {
    const texts = textsBySeed(1, 100_000).filter((text) => Number.isFinite(Math.fround(Number(text))));
    expect(wrongSingles(texts)).toEqual([]);
  });

  slow('is that of five million of every kind, and of as many that are plain', () => {
    for (let seed = 2; seed <= 51; seed++) {
      const texts = textsBySeed(seed, 100_000).filter((text) => Number.isFinite(Math.fround(Number(text))));
      expect(wrongSingles(texts), `seed ${seed}`).toEqual([]);
      const plain = textsBySeed(1000 + seed, 200_000).filter((text) => !text.includes('e'));
      expect(plain.length).toBeGreaterThan(100_000);
      expect(wrongSingles(plain), `plain, seed ${1000 + seed}`).toEqual([]);
    }
  });

  function halfwaySingle(value: number): string {
    return exactly(value + 2 ** -24);
  }
});

/** Numbers as texts: doubles of every size as they are printed, and digits with a point and an exponent anywhere. */
function textsBySeed(seed: number, count: number): string[] {
  const next = random(seed);
  const integer = (bound: number): number => Math.floor(((next() + 1) / 2) * bound);
  const word = (): number => integer(2 ** 32);
  const double = (): number => {
    BITS.setUint32(0, word());
    BITS.setUint32(4, word());
    const value = BITS.getFloat64(0);
    return Number.isFinite(value) ? value : double();
  };
  const kinds = [
    () => String(double()),
    () => String(next()),
    () => next().toFixed(integer(20)),
    () => `${integer(2) ? '-' : ''}${word()}${word()}.${word()}${integer(3) ? `e${integer(680) - 400}` : ''}`,
    () => `${integer(10)}.${word()}${word()}`.slice(0, 3 + integer(21)).concat(integer(2) ? `0e${integer(620) - 330}` : ''),
  ];
  return Array.from({ length: count }, () => (kinds[integer(kinds.length)] as () => string)());
}

function holdAgainstParse(seed: number, count: number): void {
  const text = `[[${textsBySeed(seed, count).join(',')}]]`;
  const value = read(text);
  if (!(value instanceof NumberArray)) throw new Error('the reader gave up');
  const [expected] = JSON.parse(text) as [number[]];
  const wrong = expected.findIndex((number, i) => !Object.is(number, value.data[i]));
  expect(wrong < 0 ? '' : `seed ${seed}: ${expected[wrong]} is read as ${value.data[wrong]}`).toBe('');
}

test('a hundred thousand numbers by seed are read as JSON.parse reads them', () => {
  holdAgainstParse(1, 100_000);
});

slow('so are ten million', () => {
  for (let seed = 2; seed <= 101; seed++) holdAgainstParse(seed, 100_000);
});
