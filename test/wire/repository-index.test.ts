import { expect, test } from 'vitest';
import { readRepositoryIndex } from '../../src/wire/repository-index.ts';
import { refusal } from './refused.ts';

const read = (text: string) => readRepositoryIndex(Buffer.from(text));

test('an index of all models is asked for by nothing, or by less than ready', () => {
  expect(read('')).toEqual({ readyOnly: false });
  expect(read('{}')).toEqual({ readyOnly: false });
  expect(read('{"ready":null}')).toEqual({ readyOnly: false });
  expect(read('{"ready":false}')).toEqual({ readyOnly: false });
  expect(read('{"ready":true}')).toEqual({ readyOnly: true });
});

test('anything else is refused', () => {
  expect(refusal(() => read('{"ready":1}'))).toBe('ready must be true or false, got 1');
  expect(refusal(() => read('{"all":true}'))).toBe('the request can’t have "all"; it has ready');
  expect(refusal(() => read('[]'))).toBe('the request must be a JSON object, got an empty array');
  expect(refusal(() => read('{'), 'malformed-json')).toContain('line 1, column 2');
});
