import { describe, expect, test } from 'vitest';
import { withComponents } from '../../src/http/components.ts';

const named = (title: string, rest: object = {}) => ({ title, type: 'object', ...rest });

describe('schemas with a title', () => {
  test('become components, and a reference with the words of its place stands where they stood', () => {
    const document = {
      openapi: '3.1.0',
      paths: {
        '/a': { get: { schema: named('Thing', { description: 'here' }), others: [named('Thing', { description: 'there' }), named('Thing')] } },
      },
      components: { schemas: { Own: { type: 'object', properties: { title: named('Word'), thing: named('Thing') } } }, parameters: { x: 1 } },
    };
    expect(withComponents(document)).toEqual({
      openapi: '3.1.0',
      paths: {
        '/a': {
          get: {
            schema: { $ref: '#/components/schemas/Thing', description: 'here' },
            others: [{ $ref: '#/components/schemas/Thing', description: 'there' }, { $ref: '#/components/schemas/Thing' }],
          },
        },
      },
      components: {
        parameters: { x: 1 },
        schemas: {
          Own: { type: 'object', properties: { title: { $ref: '#/components/schemas/Word' }, thing: { $ref: '#/components/schemas/Thing' } } },
          Word: named('Word'),
          Thing: named('Thing'),
        },
      },
    });
  });

  test('keep the words of their first place', () => {
    const schemas = withComponents({ paths: { a: named('Thing', { description: 'first' }), b: named('Thing', { description: 'second' }) } });
    expect(schemas).toMatchObject({ components: { schemas: { Thing: named('Thing', { description: 'first' }) } } });
  });

  test('are moved out of each other', () => {
    const { paths, components } = withComponents({
      paths: { a: named('Outer', { properties: { inner: named('Inner') } }) },
      components: { schemas: {} as Record<string, object> },
    });
    expect(paths).toEqual({ a: { $ref: '#/components/schemas/Outer' } });
    expect(components.schemas).toEqual({
      Outer: named('Outer', { properties: { inner: { $ref: '#/components/schemas/Inner' } } }),
      Inner: named('Inner'),
    });
  });

  test('that differ by more than their words may not share a title', () => {
    expect(() => withComponents({ paths: [named('Thing'), named('Thing', { minimum: 1 })] })).toThrow(
      'two schemas of the document have the title Thing, and differ',
    );
  });
});

describe('what is no schema stays', () => {
  test.each(['example', 'examples', 'default', 'enum', 'const', 'value'])('below %s', (member) => {
    const value = [{ title: 'a value' }];
    expect(withComponents({ paths: { a: { [member]: value } } }).paths).toEqual({ a: { [member]: value } });
  });

  test('members that are called like it', () => {
    const schema = { properties: { title: { type: 'string' }, example: named('Thing') } };
    expect(withComponents({ paths: schema })).toMatchObject({
      paths: { properties: { title: { type: 'string' }, example: { $ref: '#/components/schemas/Thing' } } },
    });
  });

  test('null, words and numbers', () => {
    const paths = { a: null, b: 'title', c: 1, d: [null, true], title: 7 };
    expect(withComponents({ paths }).paths).toEqual(paths);
  });
});

test('a document may have neither paths nor components', () => {
  expect(withComponents({})).toEqual({ paths: undefined, components: { schemas: {} } });
});
