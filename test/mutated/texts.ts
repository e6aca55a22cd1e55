import type { Dice } from './dice.ts';

const TOKENS = [
  ...[
    '[',
    ']',
    '{',
    '}',
    ',',
    ':',
    '"',
    '\\',
    '\\u',
    '\\ud800',
    '\n',
    '\r',
    '\t',
    ' ',
    '\u0000',
    '\u001f',
    'null',
    'true',
    'nul',
    'NaN',
    'Infinity',
    '//',
  ],
  ...[
    '"tokens":[[1]],',
    '"__proto__":{},',
    '"query":0,',
    '"shape":[0],',
    '\xff',
    '\xef\xbb\xbf',
    '\xed\xa0\x80',
    '\xf4\x90\x80\x80',
    '\xc0\x80',
    '[]',
    '{}',
  ],
];
const LITERALS = [
  '1e999',
  '-1e999',
  '1e-999',
  '-0',
  '00',
  '01',
  '-',
  '-.5',
  '.5',
  '1.',
  '1e',
  '1e+',
  '0x10',
  '+1',
  '1_0',
  '9'.repeat(400),
  `0.${'0'.repeat(400)}1`,
  '1e309',
  '3.4028236e38',
  '9007199254740993',
  '1E5',
  '1e05',
];
const LONGEST = 200_000;

/** One change of bytes, which stand as characters up to 0xff. */
const CHANGES: readonly ((dice: Dice, text: string, from: number, to: number) => string)[] = [
  (_dice, text, from, to) => text.slice(0, from) + text.slice(to),
  (_dice, text, from, to) => text.slice(0, to) + text.slice(from),
  (_dice, text, from, to) => text.slice(0, from) + text.slice(to) + text.slice(from, to),
  (dice, text, from) => text.slice(0, from) + dice.pick(TOKENS) + text.slice(from),
  (dice, text, from, to) => text.slice(0, from) + dice.pick(TOKENS) + text.slice(to),
  (dice, text, from) => text.slice(0, from) + String.fromCharCode(text.charCodeAt(from) ^ (1 << dice.below(8))) + text.slice(from + 1),
  (_dice, text, from) => text.slice(0, from),
  (_dice, text, from) => text.slice(from),
  (dice, text, from) => text.slice(0, from) + dice.pick(TOKENS).repeat(dice.pick([2, 65, 1000])) + text.slice(from),
  replaceNumber,
  replaceNumber,
  replaceNumber,
];

function replaceNumber(dice: Dice, text: string, from: number): string {
  const found = /-?\d[\d.eE+-]*/.exec(text.slice(from));
  if (!found) return text;
  const begin = from + found.index;
  return text.slice(0, begin) + dice.pick(LITERALS) + text.slice(begin + found[0].length);
}

/** The bytes with some changes: parts left out, doubled and moved, tokens and literals put in, bits turned over, an end that is missing. */
export function changeText(dice: Dice, text: string): string {
  let changed = text;
  for (let left = dice.few(); left > 0 && changed.length < LONGEST; left--) {
    const from = dice.below(changed.length + 1);
    const to = Math.min(changed.length, from + dice.pick([1, 2, 5, 20, 100]));
    changed = dice.pick(CHANGES)(dice, changed, from, to);
  }
  return changed;
}
