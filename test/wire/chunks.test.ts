import { describe, expect, test } from 'vitest';
import { Chunks, Pieces } from '../../src/wire/chunks.ts';

const chunks = (...parts: string[]) => new Chunks(parts.map((part) => Buffer.from(part)));

describe('chunks', () => {
  const body = chunks('abc', '', 'de', 'fghi');
  const copied = (offset: number, length: number): string => {
    const target = Buffer.alloc(length, '.');
    body.copy(offset, target);
    return target.toString();
  };

  test('are as long as all of them together', () => {
    expect(body.length).toBe(9);
    expect(chunks().length).toBe(0);
  });

  test('are copied from any place to any other, across their ends', () => {
    const text = 'abcdefghi';
    for (let from = 0; from <= text.length; from++)
      for (let to = from; to <= text.length; to++) expect(copied(from, to - from)).toBe(text.slice(from, to));
  });

  test('are all there, or none are given', () => {
    expect(() => copied(8, 2)).toThrow(new RangeError('2 bytes at 8 are not all within 9'));
    expect(() => copied(12, 1)).toThrow('1 bytes at 12 are not all within 9');
  });

  test('give the pieces of their head as they came, without a copy', () => {
    const texts = (bytes: number) => body.pieces(bytes).map(String);
    expect(texts(0)).toEqual([]);
    expect(texts(2)).toEqual(['ab']);
    expect(texts(4)).toEqual(['abc', '', 'd']);
    expect(texts(9)).toEqual(['abc', '', 'de', 'fghi']);
  });

  test('give their head, without a copy where it lies in one', () => {
    const first = Buffer.from('abc');
    const both = new Chunks([first, Buffer.from('de')]);
    for (const bytes of [0, 1, 3]) {
      expect(both.head(bytes).toString()).toBe('abc'.slice(0, bytes));
      expect(both.head(bytes).buffer).toBe(first.buffer);
      expect(both.head(bytes).byteOffset).toBe(first.byteOffset);
    }
    expect(both.head(4).toString()).toBe('abcd');
    expect(chunks().head(0)).toHaveLength(0);
  });
});

describe('pieces of a body', () => {
  const taken = (...lengths: number[]): number[] => {
    const pieces = new Pieces();
    const given = lengths.map((length, i) => Buffer.alloc(length, i + 1));
    for (const piece of given) pieces.push(piece);
    const blocks = pieces.take();
    expect(Buffer.concat(blocks).equals(Buffer.concat(given))).toBe(true);
    expect(pieces.take()).toEqual([]);
    return blocks.map(({ length }) => length);
  };

  test('are kept as they are where they are large', () => {
    expect(taken(4096, 5000, 4096)).toEqual([4096, 5000, 4096]);
    const piece = Buffer.alloc(4096);
    const pieces = new Pieces();
    pieces.push(piece);
    expect(pieces.take()[0]).toBe(piece);
  });

  test('are joined where they are small, but for the first, which may be all there is', () => {
    expect(taken(10)).toEqual([10]);
    expect(taken(10, 20, 30)).toEqual([10, 50]);
    expect(taken(4095, 4095, 4095)).toEqual([4095, 8190]);
    expect(taken(10, 0)).toEqual([10]);
    expect(taken(5000, 1, 2)).toEqual([5000, 3]);
    const piece = Buffer.from('x');
    const pieces = new Pieces();
    pieces.push(piece);
    expect(pieces.take()[0]).toBe(piece);
  });

  test('keep their order where large ones come between', () => {
    expect(taken(1, 2, 3, 5000, 4, 5)).toEqual([1, 5, 5000, 9]);
    expect(taken(1, 2, 4096, 3)).toEqual([1, 2, 4096, 3]);
    expect(taken(1, 5000, 4096, 2)).toEqual([1, 5000, 4096, 2]);
  });

  test('fill a block to its last byte before the next begins', () => {
    const full = [1, ...Array<number>(64).fill(1024)];
    expect(taken(...full)).toEqual([1, 65_536]);
    expect(taken(...full, 1, 1)).toEqual([1, 65_536, 2]);
    expect(taken(1, ...Array<number>(63).fill(1024), 1025)).toEqual([1, 64_512, 1025]);
  });

  test('go on after they were taken', () => {
    const pieces = new Pieces();
    const given = [Buffer.from('a'), Buffer.from('b'), Buffer.from('c')];
    for (const piece of given) pieces.push(piece);
    expect(Buffer.concat(pieces.take()).toString()).toBe('abc');
    pieces.push(Buffer.from('d'));
    pieces.push(Buffer.from('e'));
    expect(Buffer.concat(pieces.take()).toString()).toBe('de');
  });
});
