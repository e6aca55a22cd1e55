import { Failure } from '../engine/failure.ts';
import { given } from './faults.ts';
import { readNamed } from './inference-members.ts';
import { parseJson } from './json.ts';

/**
 * What a request for the index of models asks: whether only those that are ready are wanted. Triton's own client sends an
 * empty body.
 * @throws Failure `invalid-request`, `malformed-json`
 */
export function readRepositoryIndex(body: Buffer): { readonly readyOnly: boolean } {
  if (body.length === 0) return { readyOnly: false };
  const { ready = false } = readNamed(parseJson(body), ['ready'], 'the request');
  if (typeof ready !== 'boolean') throw new Failure('invalid-request', `ready must be true or false, got ${given(ready)}`);
  return { readyOnly: ready };
}
