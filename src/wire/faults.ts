import { Failure, type Fault } from '../engine/failure.ts';

const MOST_FAULTS = 20;
export const LONGEST_ECHO = 60;

/** Collects faults up to 20. Readers look at `full` and stop, so that a hopeless body costs no more than a bad one. */
export class Faults {
  readonly list: Fault[] = [];

  get full(): boolean {
    return this.list.length >= MOST_FAULTS;
  }

  get none(): boolean {
    return this.list.length === 0;
  }

  add(pointer: string, detail: string): undefined {
    if (!this.full) this.list.push({ pointer, detail });
  }
}

/** Everything that parses and is wrong. */
export function invalidRequest(faults: readonly Fault[]): Failure {
  const [first] = faults;
  const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : '';
  return new Failure('invalid-request', `${first?.pointer || 'the body'} ${first?.detail ?? 'is invalid'}${more}`, { faults });
}

/** A member's pointer below `parent`. */
export function pointerTo(parent: string, member: string): string {
  return `${parent}/${shortened(member, 1000).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/** What was given, in a few words: `the string "0.2"`, `null`, `an array of 3`. */
export function given(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : `an array of ${value.length}`;
  switch (typeof value) {
    case 'string':
      return `the string ${JSON.stringify(shortened(value, LONGEST_ECHO))}`;
    case 'object':
      return 'an object';
    case 'undefined':
      return 'nothing';
    default:
      return `${typeof value === 'boolean' ? 'the boolean ' : ''}${String(value)}`;
  }
}

/** `1 row`, `2 rows`. */
export function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`;
}

/** The text, cut where it is longer, with a sign that it is. */
export function shortened(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest).toWellFormed()}…`;
}
