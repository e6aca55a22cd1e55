import { describe, expect, test } from 'vitest';
import { NumberArray } from '../../../src/wire/numbers/number-array.ts';
import type { NumberReader } from '../../../src/wire/numbers/number-reader.ts';
import { nested, printable, printPortably } from '../../../src/wire/numbers/portable.ts';
import type { Printer } from '../../../src/wire/numbers/printer.ts';
import type { Numbers, Segment } from '../../../src/wire/numbers/segments.ts';
import { passesSelfCheck } from '../../../src/wire/numbers/self-check.ts';
import { reader } from './reader.ts';

const printing = (print: (reply: readonly Segment[]) => string) => ({ print }) as unknown as Printer;
const reading = (read: (pieces: readonly Buffer[]) => unknown) => ({ read }) as unknown as NumberReader;
const right = printing(printPortably);

/** A printer that prints one number in one notation as another text. */
const wrongAt = (wanted: number, kind: typeof Float32Array | typeof Float64Array, of: (numbers: Numbers) => boolean) =>
  printing((reply) =>
    reply
      .map((segment) => {
        if (typeof segment === 'string') return segment;
        const isWrong = segment.data instanceof kind && of(segment);
        const values = printable(segment).map((value, i) => (isWrong && Object.is(segment.data[i], new kind([wanted])[0]) ? 77 : value));
        return JSON.stringify(nested(values, segment.shape));
      })
      .join(''),
  );

describe('the modules are trusted where they', () => {
  test('print and read known numbers as JavaScript does', () => {
    expect(passesSelfCheck(right, reader)).toBe(true);
  });

  const NUMBERS = [0, -0, 1, -0.1, 0.26, 1 / 3, 5e-324, -1e-7, 1e21, 123456789.5, 2 ** 60, -(2 ** 24), Number.NaN, Number.NEGATIVE_INFINITY];
  test.each(NUMBERS)('print %f right: in either precision, in a matrix, and with decimals and words', (number) => {
    for (const kind of [Float32Array, Float64Array]) {
      expect(
        passesSelfCheck(
          wrongAt(number, kind, ({ shape }) => shape.length === 2 && shape[0] === 2),
          reader,
        ),
      ).toBe(false);
      expect(
        passesSelfCheck(
          wrongAt(number, kind, ({ decimals, words }) => decimals === 4 && words === true),
          reader,
        ),
      ).toBe(false);
    }
  });

  test('print one number without an axis', () => {
    for (const kind of [Float32Array, Float64Array])
      expect(
        passesSelfCheck(
          wrongAt(0.26, kind, ({ shape }) => shape.length === 0),
          reader,
        ),
      ).toBe(false);
  });

  test('print texts as they stand, whatever their letters', () => {
    const texts = (change: (text: string) => string) =>
      printing((reply) => printPortably(reply.map((segment) => (typeof segment === 'string' ? change(segment) : segment))));
    expect(
      passesSelfCheck(
        texts((text) => text),
        reader,
      ),
    ).toBe(true);
    expect(
      passesSelfCheck(
        texts((text) => text.replace('é', 'e')),
        reader,
      ),
    ).toBe(false);
    expect(
      passesSelfCheck(
        texts((text) => (text === ',' ? '' : text)),
        reader,
      ),
    ).toBe(false);
  });

  test('read the array as one, and every number of it to its last bit', () => {
    const texts: string[] = [];
    const recorded = reading((pieces) => {
      texts.push(pieces.join(''));
      return reader.read(pieces, 'always');
    });
    expect(passesSelfCheck(right, recorded)).toBe(true);
    const known = (JSON.parse(texts[0] ?? '') as { readonly é: number[][] }).é;
    expect(known.flat()).toEqual(expect.arrayContaining([-0, 5e-324, 1.5e300, 0.12345678901234568, 1e23, 9007199254740992]));
    expect(
      passesSelfCheck(
        right,
        reading(() => undefined),
      ),
    ).toBe(false);
    expect(
      passesSelfCheck(
        right,
        reading(() => ({ value: undefined })),
      ),
    ).toBe(false);
    expect(
      passesSelfCheck(
        right,
        reading(() => ({ value: { é: known } })),
      ),
    ).toBe(false);
    const given = (data: readonly number[]) => reading(() => ({ value: { é: new NumberArray(Float64Array.from(data), [2, 8], false) } }));
    expect(passesSelfCheck(right, given(known.flat()))).toBe(true);
    for (const [place, value] of known.flat().entries())
      expect(passesSelfCheck(right, given(known.flat().with(place, Object.is(value, -0) ? 0 : -value)))).toBe(false);
  });

  test('read into memory of their own or of others', () => {
    const known = Float64Array.of(0, -0, 1, -0.1, 1e-7, 5e-324, 1.5e300, 0.12345678901234568, 3, 12345678.25, 1e23, 0, 9007199254740992, 5, 7, 1);
    const part = new Float64Array(20);
    part.set(known, 2);
    const given = reading(() => ({ value: { é: new NumberArray(part.subarray(2, 18), [2, 8], false) } }));
    expect(passesSelfCheck(right, given)).toBe(true);
  });
});
