import { expect, test } from 'vitest';
import { answerExample } from '../../src/runtime/example.ts';
import { json, rows } from './asked.ts';

test('an example is answered as text, by the reference', () => {
  expect(answerExample({ kind: 'attention', body: json({ tokens: [[1, 0]], include: ['weights'] }) })).toBe('{"weights":[[1]]}');
  expect(answerExample({ kind: 'shown', as: 'svg', body: json({ tokens: [[1, 0]] }) })).toMatch(/^<svg /);
});

test('an example may be of any size, since it is ours', () => {
  expect(answerExample({ kind: 'attention', body: json({ tokens: rows(64, 1), include: ['lse'] }) })).toContain('"lse"');
});
