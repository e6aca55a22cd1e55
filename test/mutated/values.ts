import type { Dice } from './dice.ts';

export type Value = null | boolean | number | string | Value[] | { [name: string]: Value };

/** A member or an element, and what holds it. */
interface Place {
  readonly holder: Value[] | { [name: string]: Value };
  readonly key: string;
}

/** Lengths of axes, counts and positions: none, some, and more than anything can hold. */
export const SIZES = [0, 0, 1, 2, 3, 7, 64, 65, 70_000, 1e6, 2 ** 24, 5e8, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 9e15, 2 ** 53 - 1, 2 ** 53];
const NUMBERS = [...SIZES, -1, 0.5, -0, 1e-7, 5e-324, 1e38, 3.5e38, 1e308, -1e308, 65_504, 65_520, 1.1e21, -(2 ** 63)];
const WORDS = [
  '',
  'x',
  'é',
  '\u0000',
  '\ud800',
  '0',
  '1e3',
  'NaN',
  'Infinity',
  '-Infinity',
  'INT64',
  'BOOL',
  'BF16',
  'FP64',
  'lse',
  '\n',
  '</svg>',
  '|',
  'a'.repeat(3000),
];
const NAMES = ['__proto__', 'constructor', 'toString', 'length', '', '0', 'é', 'a/b~c', 'tokens '];
const REPEATS = [2, 3, 17, 65, 300];

function oddValue(dice: Dice): Value {
  const kind = dice.below(10);
  if (kind < 5) return dice.pick(NUMBERS);
  if (kind < 7) return dice.pick(WORDS);
  if (kind === 7) return dice.pick([null, true, false]);
  if (kind === 8) return dice.pick<Value>([[], {}, [[]], [null], [[[]]], [[0], []], { 0: 0 }]);
  return nested(dice.pick([3, 62, 63, 64, 65, 66, 500]), dice.chance(0.5));
}

function nested(depth: number, lists: boolean): Value {
  let value: Value = 1;
  for (let level = 0; level < depth; level++) value = lists ? [value] : { a: value };
  return value;
}

/** Every place in a value, the value itself apart. */
export function placesIn(value: Value, found: Place[] = []): Place[] {
  if (typeof value !== 'object' || value === null) return found;
  for (const [key, inner] of Object.entries(value)) {
    found.push({ holder: value, key });
    placesIn(inner, found);
  }
  return found;
}

const at = ({ holder, key }: Place): Value => (holder as { [name: string]: Value })[key] as Value;

const copyOf = (place: Place): Value => structuredClone(at(place));

/** As it is said, were it `__proto__` too. */
function put({ holder, key }: Place, value: Value): void {
  if (!Array.isArray(holder)) Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
  else if (key in holder && key !== 'length') holder[Number(key)] = value;
}

function remove({ holder, key }: Place): void {
  if (Array.isArray(holder)) holder.splice(Number(key), 1);
  else delete holder[key];
}

/** What a change may take from elsewhere: members of other requests, and the names that members have. */
export interface Stock {
  readonly places: readonly Place[];
  readonly names: readonly string[];
}

/** One change of what stands at a place. */
const CHANGES: readonly ((dice: Dice, place: Place, places: readonly Place[], stock: Stock) => void)[] = [
  (_dice, place) => remove(place),
  (dice, place) => put(place, oddValue(dice)),
  (dice, place) => put(place, oddValue(dice)),
  (dice, place, places) => put(place, copyOf(dice.pick(places))),
  (dice, place, _places, { places }) => put(place, copyOf(dice.pick(places))),
  (dice, place, places) => {
    const other = dice.pick(places);
    const [here, there] = [copyOf(place), copyOf(other)];
    put(place, there);
    put(other, here);
  },
  (_dice, place) => put(place, [at(place)]),
  (_dice, place) => {
    const value = at(place);
    put(place, Array.isArray(value) ? (value[0] ?? null) : typeof value === 'object' ? null : [[value]]);
  },
  (dice, place) => {
    const value = at(place);
    if (Array.isArray(value) && value.length > 0)
      put(
        place,
        Array.from({ length: dice.pick(REPEATS) }, (_, i) => structuredClone(value[i % value.length] as Value)),
      );
  },
  (_dice, place) => put(place, Array.isArray(at(place)) ? [] : typeof at(place) === 'string' ? '' : {}),
  (dice, { holder, key }, _places, { names }) => {
    if (Array.isArray(holder)) return;
    const value = at({ holder, key });
    remove({ holder, key });
    put({ holder, key: dice.pick(dice.chance(0.7) ? names : NAMES) }, value);
  },
  addMember,
  addMember,
  addMember,
  (dice, place) => {
    const value = at(place);
    if (typeof value === 'number') put(place, dice.pick([-value, value * 1e300, value + 0.5, value / 1e300, value * 2 ** 31, Math.round(value) + 1]));
  },
];

/** A member of another request most often, as it is there; else any name with any value. */
function addMember(dice: Dice, place: Place, _places: readonly Place[], { places, names }: Stock): void {
  const inner = at(place);
  const holder = typeof inner === 'object' && inner !== null && !Array.isArray(inner) && dice.chance(0.5) ? inner : place.holder;
  const other = dice.pick(places);
  if (!Array.isArray(other.holder) && dice.chance(0.7)) put({ holder, key: other.key }, copyOf(other));
  else put({ holder, key: dice.pick(dice.chance(0.8) ? names : NAMES) }, dice.chance(0.5) ? oddValue(dice) : copyOf(other));
}

/** The value with some changes: members and elements left out, moved, repeated, renamed, and replaced by what is odd there. */
export function changeValue(dice: Dice, value: Value, stock: Stock): Value {
  const whole = { value: structuredClone(value) };
  for (let left = dice.few(); left > 0; left--) {
    const places = placesIn(whole);
    // All may be gone; and what is repeated in what is repeated stays small.
    if (places.length === 0 || places.length > 5000) break;
    const place = dice.pick(places);
    dice.pick(CHANGES)(dice, place, places, stock);
  }
  return whole.value ?? null;
}
