import { describe, expect, test } from 'vitest';
import { newRequestId, requestId } from '../../src/http/request-id.ts';

const given = (id: string | string[] | undefined) => requestId({ headers: { 'x-request-id': id } });

describe('the id of a request', () => {
  test.each(['a', 'A-b_c.9', 'x'.repeat(128)])('%s is kept', (id) => {
    expect(given(id)).toBe(id);
  });

  test.each(['', 'x'.repeat(129), 'a b', ' a', 'a ', 'a\n', 'é', 'a/b', ['a', 'b'], undefined])('%j is not, and gets a new one', (id) => {
    expect(given(id)).toMatch(/^[\w-]{11}-[0-9a-z]+$/);
  });

  test('is new each time, and of this process', () => {
    const [one = '', another = ''] = [newRequestId(), given(undefined)];
    const [process, count] = [one.slice(0, 11), Number.parseInt(one.slice(12), 36)];
    expect(another).toBe(`${process}-${(count + 1).toString(36)}`);
  });
});
