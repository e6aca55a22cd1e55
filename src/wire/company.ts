import type { Faults } from './faults.ts';
import type { Field } from './fields.ts';
import type { ReadObject } from './members.ts';
import type { Parsed } from './readers.ts';

/** Refuses members that can't stand together, or not without each other, as the rules of their schema say: `given` are the fields that are there. */
export function checkCompany(given: readonly Field[], parsed: Parsed, read: ReadObject, faults: Faults): void {
  for (const { name, kind } of given) {
    // A boolean that is false asks for nothing.
    if (kind.kind === 'boolean' && read[name] !== true) continue;
    const { excludes, needs } = kind;
    if (excludes && parsed[excludes.member] !== undefined) faults.add(`/${name}`, excludes.because);
    if (needs && parsed[needs.member] === undefined && (needs.beside === undefined || parsed[needs.beside] !== undefined))
      faults.add(`/${name}`, needs.because);
  }
}
