import { OPTIONS } from './options.ts';
import { pointFor } from './paste.ts';
import { labelOf, queryLabel, type State } from './state.ts';

/** The words of the page for members of the request, by JSON pointer. */
const LABELS: ReadonlyMap<string, string> = new Map(
  OPTIONS.flatMap(([, options]) =>
    options.flatMap(({ label, pointer, fields = [] }) => [
      ...fields.map((field): [string, string] => [field.pointer, `${label}: ${field.label}`]),
      [pointer, label] as [string, string],
    ]),
  ),
);

/** What is wrong, in words that stand on the page. */
export function wordsOf(detail: string): string {
  const typed = /^must be a number, got the string "(.*)"$/.exec(detail)?.[1];
  if (typed === undefined) return detail.replace(/`(\w+)`/g, (_, name: string) => `“${LABELS.get(`/${name}`) ?? name}”`);
  if (typed.trim() === '') return 'is empty: a number belongs there';
  const point = pointFor(typed);
  return point === undefined ? `must be a number, and “${typed}” is none` : `is “${typed}”: write it with a point, ${point}`;
}

/** Where it is, in the page's words: `cat, y` for /tokens/1/1. */
export function whereOf(pointer: string, state: State): string {
  const [, field = '', row, column] = pointer.split('/');
  const label = LABELS.get(pointer) ?? LABELS.get(`/${field}`) ?? field;
  if (pointer === '') return 'The request';
  if (row === undefined || !/^\d+$/.test(row)) return label;
  if (field === 'tokens')
    return column === undefined ? labelOf(state, Number(row)) : `${labelOf(state, Number(row))}, ${nameOf(state.dimensions, column)}`;
  if (field === 'bias' || field === 'mask') {
    const [query, key] = column === undefined ? [state.query, row] : [Number(row), column];
    return `${label}: query ${queryLabel(state, query)}, key ${labelOf(state, Number(key))}`;
  }
  return column === undefined ? `${label}, number ${row}` : `${label}, row ${row}, column ${column}`;
}

function nameOf(names: readonly string[], at: string): string {
  return names[Number(at)]?.trim() || at;
}
