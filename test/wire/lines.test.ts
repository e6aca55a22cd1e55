import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { bytesOf, Lines } from '../../src/wire/lines.ts';

/** The lines of a stream that comes in these chunks: `number: text`, or `number!` for one that is too long. */
function cut(maxBytes: number, ...chunks: string[]): string[] {
  const lines = new Lines(maxBytes);
  const found = chunks.flatMap((chunk) => [...lines.push(Buffer.from(chunk))]);
  return [...found, ...lines.end()].map(({ number, pieces }) => (pieces ? `${number}: ${Buffer.concat(pieces)}` : `${number}!`));
}

describe('a stream', () => {
  test('is cut at each newline, and its last line needs none', () => {
    expect(cut(100, '{"a":1}\n[2]\n3')).toEqual(['1: {"a":1}', '2: [2]', '3: 3']);
    expect(cut(100, 'a\n')).toEqual(['1: a']);
    expect(cut(100)).toEqual([]);
  });

  test('may come in chunks of any size', () => {
    const text = 'one\n\ntwo\nthree';
    const whole = cut(100, text);
    expect(whole).toEqual(['1: one', '3: two', '4: three']);
    for (let size = 1; size < text.length; size++) expect(cut(100, ...(text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? []))).toEqual(whole);
  });

  test('counts lines of spaces, tabs and carriage returns, and does not give them', () => {
    expect(cut(100, 'a\n \t\r\n\n\r\nb\n \t ')).toEqual(['1: a', '5: b']);
    expect(cut(100, ' a \r\n')).toEqual(['1:  a \r']);
    expect(cut(100, '\u00a0\n\v')).toEqual(['1: \u00a0', '2: \v']);
  });

  test('gives a line that is too long once, without its bytes, and goes on after it', () => {
    expect(cut(3, 'abc\nabcd\nefg\n')).toEqual(['1: abc', '2!', '3: efg']);
    expect(cut(3, 'ab', 'cd', 'ef', 'g\nh')).toEqual(['1!', '2: h']);
    expect(cut(3, '    \na')).toEqual(['1!', '2: a']);
    expect(cut(3, 'abcd')).toEqual(['1!']);
  });

  test('holds nothing of a line that is too long', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const lines = new Lines(10_000);
    const chunks = Array.from({ length: 3 }, () => {
      const chunk = Buffer.alloc(8192, 'x');
      expect([...lines.push(chunk)]).toEqual([]);
      return new WeakRef(chunk.buffer);
    });
    // What was looked at in this turn of the event loop is not collected in it.
    await new Promise(setImmediate);
    collect();
    expect(chunks.map((chunk) => chunk.deref() !== undefined)).toEqual([false, false, false]);
    expect([...lines.push(Buffer.from('\n'))]).toEqual([{ number: 1, pieces: undefined, length: 0, end: 3 * 8192 + 1 }]);
  });

  test('says of each line where it ends in the stream', () => {
    const lines = new Lines(100);
    const found = ['one\n', '\ntw', 'o\nthree\n  ', '\nfour'].flatMap((chunk) => [...lines.push(Buffer.from(chunk))]);
    expect([...found, ...lines.end()].map(({ end }) => end)).toEqual([4, 9, 15, 22]);
  });

  test('has a line in one piece where the chunks that it came in lie one after the other', () => {
    const lines = new Lines(20_000);
    const memory = Buffer.from(`${'a'.repeat(9000)}\n${'b'.repeat(9000)}\n`);
    const chunks = [memory.subarray(0, 5000), memory.subarray(5000, 9500), memory.subarray(9500)];
    expect(chunks.flatMap((chunk) => [...lines.push(chunk)]).map(({ pieces }) => pieces)).toEqual([
      [memory.subarray(0, 9000)],
      [memory.subarray(9001, 18_001)],
    ]);
  });

  test('has a line in shared memory where it is, however short its pieces are', () => {
    const lines = new Lines(20_000);
    const [first, second] = [Buffer.from(new SharedArrayBuffer(5000)).fill('a'), Buffer.from(new SharedArrayBuffer(5)).fill('b')];
    expect([...lines.push(first), ...lines.push(second), ...lines.end()].map(({ pieces }) => pieces)).toEqual([[first, second]]);
  });

  test('says which line is being read', () => {
    const lines = new Lines(10);
    expect(lines.number).toBe(1);
    expect([...lines.push(Buffer.from('a\nb\nc'))]).toHaveLength(2);
    expect(lines.number).toBe(3);
  });

  test('says how many bytes are held of that line, up to the limit', () => {
    const lines = new Lines(4);
    expect(lines.heldBytes).toBe(0);
    const held = ['ab', 'c', 'def', '\ng', '\n'].map((chunk) => {
      for (const _ of lines.push(Buffer.from(chunk)));
      return lines.heldBytes;
    });
    expect(held).toEqual([2, 3, 4, 1, 0]);
  });
});

test('lines have the bytes of all of them together; one that is too long has none', () => {
  const found = [...new Lines(3).push(Buffer.from('ab\nabcd\né\n'))];
  expect(found.map(({ length }) => length)).toEqual([2, 0, 2]);
  expect(bytesOf(found)).toBe(4);
  expect(bytesOf([])).toBe(0);
});
