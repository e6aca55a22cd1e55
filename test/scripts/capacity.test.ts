import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { need } from '../../scripts/capacity/model.ts';
import { rows } from '../../scripts/capacity/table.ts';

const small = { name: 'small', what: '', requestBytes: 125, replyBytes: 250, perSecond: 1000, loopMs: 1, threadMs: 0 };
const large = { name: 'large', what: '', requestBytes: 0, replyBytes: 0, perSecond: 10, loopMs: 1, threadMs: 100 };

describe('the capacity model', () => {
  test('counts the busier of event loops and threads, and one replica to spare', () => {
    expect(need({ rates: { small: 1000 }, threads: 8, use: 0.5 }, [small, large])).toMatchObject({
      loopCores: 1,
      replicas: 3,
      megabitsIn: 1,
      megabitsOut: 2,
    });
    expect(need({ rates: { large: 60 }, threads: 2, use: 0.5 }, [small, large])).toMatchObject({ threadCores: 6, replicas: 7 });
    expect(need({ rates: {}, threads: 2, use: 0.6 }, [])).toMatchObject({ replicas: 2 });
  });

  test('refuses a kind that was not measured and numbers that are none', () => {
    expect(() => need({ rates: { huge: 1 }, threads: 1, use: 0.6 }, [small])).toThrow('huge is no kind; there are small');
    expect(() => need({ rates: { small: Number.NaN }, threads: 1, use: 0.6 }, [small])).toThrow('requests a second');
    expect(() => need({ rates: {}, threads: 0, use: 0.6 }, [])).toThrow('threads');
    expect(() => need({ rates: {}, threads: 1, use: 1.1 }, [])).toThrow('use');
  });

  test('the table of docs/OPERATIONS.md is what was measured', () => {
    const page = readFileSync('docs/OPERATIONS.md', 'utf8');
    const { costs, date, machine, node } = JSON.parse(readFileSync('docs/capacity.json', 'utf8'));
    for (const row of rows(costs)) expect(page).toContain(row);
    expect(page).toContain(`${machine} · Node ${node} · ${date}`);
  });
});
