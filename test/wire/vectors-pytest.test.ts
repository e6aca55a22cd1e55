import { describe, expect, test } from 'vitest';
import { vectorsPytest } from '../../src/wire/vectors-pytest.ts';

const CASES = [
  { request: { tokens: [[1, 0]] }, expected: { lse: 1 }, kills: ['scale-twice'] },
  { request: { tokens: [[0, 1]] }, expected: { lse: 2 }, kills: [] },
];
const text = (over = {}) => vectorsPytest({ cases: CASES, not_told_apart: [], ...over });

/** The part of the file that depends on the reply: after the name of the function to test, and before the test. */
const middle = (file: string) => file.slice(file.indexOf('import attention\n') + 'import attention\n'.length, file.indexOf('# A mistake differs'));

describe('test vectors as a file for pytest', () => {
  test('hold a case a line, as JSON in one raw string', () => {
    expect(middle(text())).toBe(`
CASES = [
    json.loads(line)
    for line in r'''
{"request":{"tokens":[[1,0]]},"expected":{"lse":1},"kills":["scale-twice"]}
{"request":{"tokens":[[0,1]]},"expected":{"lse":2},"kills":[]}
'''.split("\\n")
    if line
]

`);
  });

  test('say in comments what they can’t tell apart, and what they do not kill', () => {
    const both = text({
      not_told_apart: [
        ['a', 'b'],
        ['c', 'd'],
      ],
      not_killed: ['e', 'f'],
    });
    expect(middle(both).split('\nCASES')[0]).toBe(`
# These mistakes give the same in every case, so no case tells them apart:
#   a and b
#   c and d
# These give the right answer in every case: e, f
`);
    expect(middle(text({ not_told_apart: [['a', 'b']] })).split('\nCASES')[0]).toBe(
      '\n# These mistakes give the same in every case, so no case tells them apart:\n#   a and b\n',
    );
    expect(middle(text({ not_killed: ['e'] })).split('\nCASES')[0]).toBe('\n# These give the right answer in every case: e\n');
  });

  test('begin with what is imported and the name to change, and end with the test', () => {
    expect(text()).toMatch(/^"""Tests of an attention function, made by the attention service/);
    for (const line of ['import json', 'import numpy as np', 'import pytest', 'from my_attention import attention', 'TOLERANCE = 0.005'])
      expect(text().split('\n')).toContain(line);
    expect(text()).toMatch(/^@pytest\.mark\.parametrize\("case", CASES, ids=range\(len\(CASES\)\)\)\ndef test_attention\(case\):$/m);
    expect(text()).toMatch(/\n {8}assert fine\.all\(\), [^\n]+\n$/);
  });
});
