import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { useService } from '../http/service.ts';
import { LIBRARIES } from './libraries.ts';

const service = useService();
const dialects = readFileSync(new URL('../../docs/DIALECTS.md', import.meta.url), 'utf8');

/** The rows of each table, by its heading: the habit, the settings, the request. */
const sections = dialects
  .split(/^## /m)
  .slice(1)
  .map((section) => {
    const rows = section.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| habit'));
    return {
      title: section.slice(0, section.indexOf('\n')),
      rows: rows.map((row) => row.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, ''))),
    };
  });

const close = (got: number[][], wanted: number[][]) => {
  expect(got.map((row) => row.length)).toEqual(wanted.map((row) => row.length));
  got.flat().forEach((value, k) => {
    expect(value).toBeCloseTo(wanted.flat()[k] ?? Number.NaN, 5);
  });
};

test('every library is held against its habits', () => {
  expect(sections.map(({ title }) => title)).toEqual(Object.keys(LIBRARIES));
});

describe.each(sections)('$title', ({ title, rows }) => {
  const habits = LIBRARIES[title] ?? [];

  test('has a habit for each row', () => {
    expect(rows).toHaveLength(habits.length);
  });

  test.each(rows.map(([habit = '', , request = ''], k) => ({ habit, request, k })))('$habit: the request gives it', async ({ request, k }) => {
    const { status, json } = await service.ask(request.replaceAll('`', ''));
    expect(status).toBe(200);
    const heads: number[][][] = json.weights;
    const mean = () => (heads[0] ?? []).map((row, i) => row.map((_, j) => heads.reduce((sum, head) => sum + (head[i]?.[j] ?? 0), 0) / heads.length));
    close(json.context ?? mean(), habits[k]?.() ?? []);
  });

  test.each(rows)('%s: without the settings %s it is another answer, where there are any', async (_habit, settings = '', request = '') => {
    const body = JSON.parse(request.replaceAll('`', ''));
    const named = Object.keys(body).filter((name) => new RegExp(`\`${name}\\b`).test(settings));
    const asked = await service.ask(body);
    for (const name of named) {
      const { [name]: _dropped, ...without } = body;
      expect((await service.ask(without)).json, name).not.toEqual(asked.json);
    }
    expect(named.length > 0 || /nothing|average|negated|transposed/.test(settings)).toBe(true);
  });
});
