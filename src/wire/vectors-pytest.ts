import type { VectorsReply } from './vectors-reply.ts';

/**
 * Test vectors as a file for pytest, which needs NumPy and a function to test. JSON stands in it as text: it has no
 * quotes of its own but double ones, and no backslashes.
 */
export function vectorsPytest({ cases, not_told_apart, not_killed = [] }: VectorsReply): string {
  const lines = cases.map((one) => JSON.stringify(one)).join('\n');
  const together = not_told_apart.map(([a, b]) => `#   ${a} and ${b}`);
  const notes = [
    ...(together.length > 0 ? ['# These mistakes give the same in every case, so no case tells them apart:', ...together] : []),
    ...(not_killed.length > 0 ? [`# These give the right answer in every case: ${not_killed.join(', ')}`] : []),
  ];
  return `${HEAD}${notes.length > 0 ? `\n${notes.join('\n')}\n` : ''}
CASES = [
    json.loads(line)
    for line in r'''
${lines}
'''.split("\\n")
    if line
]

${TESTS}`;
}

const HEAD = `"""Tests of an attention function, made by the attention service (POST /attention/diagnose/vectors).

Each case tells the mistakes that it names from the right answer. The function gets the fields of the request as keyword
arguments, lists as arrays: tokens, query, queries, values, heads, scale, mask (true = may attend), ... It gives the context
vectors, or a dict with any of "scores", "weights", "context" and "lse". What it gives is compared; some mistakes show in
one output alone.

Name your function in the next line but two.
"""

import json

import numpy as np
import pytest

from my_attention import attention
`;

const TESTS = `# A mistake differs by 0.01 at least.
TOLERANCE = 0.005


def _array(value):
    return np.array(value) if isinstance(value, list) else value


@pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))
def test_attention(case):
    given = {name: _array(value) for name, value in case["request"].items()}
    got = attention(**given)
    if not isinstance(got, dict):
        got = {"context": got}
    assert set(got) & {"scores", "weights", "context", "lse"}, "the function gives none of the outputs"
    for output, wanted in case["expected"].items():
        if output not in got:
            continue
        right = np.array(wanted, dtype=float)
        yours = np.asarray(got[output], dtype=float)
        assert yours.shape == right.shape, f"{output} has the shape {yours.shape}, not {right.shape}"
        # null stands for the log-sum-exp of a row without a key, which is -inf.
        both = np.isfinite(right) & np.isfinite(yours)
        fine = np.where(both, np.abs(np.where(both, yours, 0.0) - np.where(both, right, 0.0)) <= TOLERANCE + 1e-5 * np.abs(right), np.isfinite(right) == np.isfinite(yours))
        hint = "a mistake that this case shows: " + ", ".join(case["kills"])
        assert fine.all(), f"{output} is wrong at {np.argwhere(~fine)[:5].tolist()}; {hint}"
`;
