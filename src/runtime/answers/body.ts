import { parseJson } from '../../wire/json.ts';

/** A body that is JSON as a whole. @throws Failure `malformed-json` */
export function readJsonBody(body: readonly Buffer[]): unknown {
  const [only] = body;
  return parseJson(only && body.length === 1 ? only : Buffer.concat(body));
}
