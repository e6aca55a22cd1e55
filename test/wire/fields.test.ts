import { Type } from '@sinclair/typebox';
import { expect, test } from 'vitest';
import { AttentionRequest } from '../../src/schemas/attention.ts';
import { ofKind } from '../../src/schemas/kinds.ts';
import { MergeRequest } from '../../src/schemas/merge.ts';
import { Integer, Matrix, TrueOrFalse, Vector } from '../../src/schemas/shapes.ts';
import { type Field, fieldsIn, fieldsOf } from '../../src/wire/fields.ts';

const names = (fields: readonly Field[]) => fields.map(({ name }) => name);

test('what is read of an object is what its schema says', () => {
  const schema = Type.Object({
    rows: Matrix('', { what: 'the rows' }),
    width: Type.Optional(Vector('')),
    count: Type.Optional(Integer({ least: 0 }, '', { default: 0 })),
    flag: Type.Optional(TrueOrFalse('', { default: false })),
    silent: Type.Optional(Type.Unsafe<unknown>({})),
  });
  const fields = fieldsOf(schema);
  expect(fields.schema).toBe(schema);
  expect([...fields.names]).toEqual(['rows', 'width', 'count', 'flag', 'silent']);
  expect(names(fields.members)).toEqual(['rows', 'width', 'count', 'flag']);
  expect(names(fields.required)).toEqual(['rows']);
  // 0 and false are defaults too.
  expect(names(fields.defaulted)).toEqual(['count', 'flag']);
  expect([...fields.nullable]).toEqual([]);
  expect(Object.entries(fields.empty)).toEqual(['rows', 'width', 'count', 'flag'].map((name) => [name, undefined]));
});

test('the fields that an object has come in the order of the schema, whatever the object’s is', () => {
  const fields = fieldsOf(AttentionRequest);
  const object = { decimals: 4, query: 0, unknown: 1, heads: undefined, tokens: [[1]] };
  expect(names(fieldsIn(object, fields))).toEqual(['tokens', 'query', 'decimals']);
  expect(names(fieldsIn({ query: 0, tokens: [[1]], decimals: 4 }, fields))).toEqual(['tokens', 'query', 'decimals']);
  expect(fieldsIn({}, fields)).toEqual([]);
});

test('the options of attention have defaults', () => {
  const fields = fieldsOf(AttentionRequest);
  expect(names(fields.required)).toEqual(['tokens']);
  expect(names(fields.defaulted)).toEqual(['similarity', 'scale', 'causal', 'window', 'include']);
});

test('objects within have fields of their own', () => {
  const { members } = fieldsOf(AttentionRequest);
  const find = (name: string) => members.find((field) => field.name === name);
  expect([...(find('window')?.object?.names ?? [])]).toEqual(['left', 'right']);
  expect([...(find('position')?.variants?.keys() ?? [])]).toEqual(['rope', 'alibi', 'sinusoidal']);
  expect([...(find('position')?.variants?.get('rope')?.names ?? [])]).toEqual(['type', 'base', 'interleaved']);
  expect(find('tokens')).not.toHaveProperty('object');
  const parts = fieldsOf(MergeRequest).members.find(({ name }) => name === 'parts');
  expect([...(parts?.object?.names ?? [])]).toEqual(['context', 'lse']);
  expect([...(parts?.object?.nullable ?? [])]).toEqual(['lse']);
});

test('a variant is known by what its type must be', () => {
  const Pair = Type.Union([Type.Object({ type: Type.Literal('a') }), Type.Object({ type: Type.Literal('b') })]);
  const [field] = fieldsOf(Type.Object({ pair: ofKind(Pair, { kind: 'tagged' }) })).members;
  expect([...(field?.variants?.keys() ?? [])]).toEqual(['a', 'b']);
});
