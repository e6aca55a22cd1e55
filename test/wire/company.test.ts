import { Type } from '@sinclair/typebox';
import { describe, expect, test } from 'vitest';
import { Integer, TrueOrFalse } from '../../src/schemas/shapes.ts';
import { checkCompany } from '../../src/wire/company.ts';
import { fieldsIn, fieldsOf } from '../../src/wire/fields.ts';
import { reading } from './refused.ts';

const least = { least: 0 };
const FIELDS = fieldsOf(
  Type.Object({
    alone: Type.Optional(Integer(least, '', { excludes: { member: 'other', because: 'goes without `other`' } })),
    second: Type.Optional(Integer(least, '', { needs: { member: 'first', because: 'needs `first`' } })),
    placed: Type.Optional(Integer(least, '', { needs: { member: 'place', beside: 'outside', because: 'needs `place`' } })),
    flag: Type.Optional(TrueOrFalse('', { needs: { member: 'first', because: 'asks for `first`' } })),
    other: Type.Optional(Integer(least, '')),
  }),
);

/** The faults of members whose values were read as they are. */
const faults = (members: Record<string, unknown>) => reading((list) => checkCompany(fieldsIn(members, FIELDS), members, members, list)).faults;

describe('a member', () => {
  test('that excludes another can’t stand beside it', () => {
    expect(faults({ alone: 1 })).toEqual([]);
    expect(faults({ other: 1 })).toEqual([]);
    expect(faults({ alone: 1, other: 1 })).toEqual([['/alone', 'goes without `other`']]);
  });

  test('that needs another can’t stand without it', () => {
    expect(faults({ second: 0 })).toEqual([['/second', 'needs `first`']]);
    expect(faults({ second: 0, first: 0 })).toEqual([]);
  });

  test('may need another beside a third alone', () => {
    expect(faults({ placed: 0 })).toEqual([]);
    expect(faults({ placed: 0, outside: 0 })).toEqual([['/placed', 'needs `place`']]);
    expect(faults({ placed: 0, outside: 0, place: 0 })).toEqual([]);
  });

  test('that is false, or could not be read as a boolean, asks for nothing', () => {
    expect(faults({ flag: true })).toEqual([['/flag', 'asks for `first`']]);
    expect(faults({ flag: false })).toEqual([]);
    expect(reading((list) => checkCompany(fieldsIn({ flag: 'true' }, FIELDS), { flag: 'true' }, {}, list)).faults).toEqual([]);
  });
});
