import { parseJson } from '../../wire/json.ts';
import type { JsonReader } from '../../wire/numbers/number-reader.ts';
import type { MakeRoom } from '../../wire/parsed-bytes.ts';

/**
 * A body that is JSON as a whole, by the reader where there is one and it can.
 * @param doubles as JsonReader has it
 * @param makeRoom asked for what reading will hold
 * @throws Failure `malformed-json`; what `makeRoom` throws
 */
export function readJsonBody(
  body: readonly Buffer[],
  reader: JsonReader | undefined,
  doubles: readonly string[] | 'always',
  makeRoom?: MakeRoom,
): unknown {
  const read = reader?.read(body, doubles, makeRoom);
  if (read) return read.value;
  const [only] = body;
  return parseJson(only && body.length === 1 ? only : Buffer.concat(body), {}, makeRoom);
}
