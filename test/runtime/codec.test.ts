import { describe, expect, test, vi } from 'vitest';
import { reference } from '../../src/engine/kernels/reference.ts';
import { beginAnswer } from '../../src/runtime/answers.ts';
import { chooseCodec, codecOf } from '../../src/runtime/codec.ts';
import type { Question } from '../../src/runtime/question.ts';
import { attentionExamples, inferenceExamples, mergeExamples } from '../../src/schemas/examples.ts';
import { portable } from '../../src/wire/numbers/codec.ts';
import { json } from './asked.ts';

const chosen = chooseCodec('auto');
const limits = { work: 1e9, replyNumbers: 1e6 };

function reply(question: Question, codec = portable): Buffer {
  return Buffer.from(beginAnswer(question, { kernel: reference, codec, limits }).finish('inline').answer.body);
}

/** An example as it is, and with every output that its numbers could be printed in. */
const attention = Object.entries(attentionExamples).flatMap(([name, { value }]): [string, Question][] => {
  const traced = {
    ...(value as object),
    include: ['scores', 'logits', 'weights', 'context', 'lse', 'entropy', 'queries', 'keys', 'values', 'trace'],
  };
  const { decimals: _, ...undecided } = traced as { decimals?: number };
  return [
    [name, { kind: 'attention', body: json(value as object) }],
    [`${name}, everything`, { kind: 'attention', body: json(traced) }],
    [`${name}, everything, every digit`, { kind: 'attention', body: json(undecided) }],
    [`${name}, everything, in float64`, { kind: 'attention', body: json({ ...undecided, dtype: 'float64' }) }],
  ];
});
const others = [
  ...Object.entries(mergeExamples).map(([name, { value }]) => [`merge: ${name}`, 'merge', value] as const),
  ...Object.entries(inferenceExamples).map(([name, { value }]) => [`inference: ${name}`, 'inference', value] as const),
];

describe('the codec in WebAssembly', () => {
  test('passes its self-check here, and is used', () => {
    expect(chosen).toMatchObject({ name: 'wasm', modules: { print: expect.any(WebAssembly.Module) } });
    expect(codecOf(chosen)).not.toBe(portable);
  });

  test.each([...attention, ...others.map(([name, kind, value]): [string, Question] => [name, { kind, body: json(value as object) }])])(
    'gives the same bytes as JavaScript: %s',
    (_name, question) => {
      expect(reply(question, codecOf(chosen)).toString()).toBe(reply(question).toString());
    },
  );
});

test('JavaScript alone is what JSON_CODEC=portable asks for', () => {
  expect(chooseCodec('portable')).toEqual({ name: 'portable' });
  expect(codecOf(chooseCodec('portable'))).toBe(portable);
});

describe('a machine that does not take the modules', () => {
  const refusing = (error: Error) => {
    const module = vi.spyOn(WebAssembly, 'Module').mockImplementation(function refuse() {
      throw error;
    });
    try {
      return chooseCodec('auto');
    } finally {
      module.mockRestore();
    }
  };

  test.each(['CompileError', 'LinkError', 'RuntimeError'] as const)('has JavaScript alone: %s', (name) => {
    expect(refusing(new WebAssembly[name]('no such instruction'))).toEqual({ name: 'portable' });
  });

  test('is no excuse for a defect', () => {
    expect(() => refusing(new RangeError('a defect'))).toThrow('a defect');
  });
});
