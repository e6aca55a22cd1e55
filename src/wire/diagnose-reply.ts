import type { DiagnoseReply } from '../schemas/diagnose.ts';
import type { ObservedOutput } from './diagnose-request.ts';

/** What the diagnosis says of one output. */
interface SaidOfOutput {
  readonly maxAbsolute: number;
  readonly maxRelative: number | undefined;
  readonly place: number;
  readonly correlation: number | undefined;
}

type Arithmetic = keyof DiagnoseReply['certified'];

/** A diagnosis as it is printed; `certified` has a bound for each observed output. */
export interface Said {
  readonly matches: boolean;
  readonly errors: readonly SaidOfOutput[];
  readonly mistakes: DiagnoseReply['mistakes'];
  readonly precision: Arithmetic | undefined;
  readonly toleranceIsBlind: boolean;
  readonly certified: Readonly<Record<Arithmetic, readonly number[]>>;
}

/** The diagnosis as JSON text. JSON.stringify prints what is not finite as null. */
export function printDiagnoseReply(said: Said, observed: readonly ObservedOutput[]): string {
  const perOutput = <Value>(of: (k: number) => Value) => Object.fromEntries(observed.map(({ output }, k) => [output, of(k)]));
  const errors = perOutput((k) => {
    const { maxAbsolute, maxRelative = null, place, correlation = null } = said.errors[k] as SaidOfOutput;
    return { max_absolute: maxAbsolute, max_relative: maxRelative, pointer: pointerTo(observed[k] as ObservedOutput, place), correlation };
  });
  const certified = Object.fromEntries(Object.entries(said.certified).map(([arithmetic, bounds]) => [arithmetic, perOutput((k) => bounds[k])]));
  const reply: DiagnoseReply = {
    matches: said.matches,
    errors,
    mistakes: said.mistakes,
    precision: said.precision ?? null,
    tolerance_is_blind: said.toleranceIsBlind,
    certified: certified as DiagnoseReply['certified'],
  };
  return JSON.stringify(reply);
}

/** The place of a number that was observed, as a JSON pointer. */
function pointerTo({ output, shape }: ObservedOutput, place: number): string {
  let rest = place;
  const path: number[] = [];
  for (const size of shape.toReversed()) {
    path.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return `/observed/${[output, ...path].join('/')}`;
}
