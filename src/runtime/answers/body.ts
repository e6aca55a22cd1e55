import { parseJson } from '../../wire/json.ts';
import type { NumberReader } from '../../wire/numbers/number-reader.ts';

/**
 * A body that is JSON as a whole, by the reader where there is one and it can.
 * @param doubles as NumberReader has it
 * @throws Failure `malformed-json`
 */
export function readJsonBody(body: readonly Buffer[], reader: NumberReader | undefined, doubles: readonly string[] | 'always'): unknown {
  const read = reader?.read(body, doubles);
  if (read) return read.value;
  const [only] = body;
  return parseJson(only && body.length === 1 ? only : Buffer.concat(body));
}
