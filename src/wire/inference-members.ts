import { Failure } from '../engine/failure.ts';
import { WITHOUT_EFFECT } from '../schemas/inference.ts';
import { given, LONGEST_ECHO, shortened } from './faults.ts';

/** An object of the request, own members only; one that is null is absent. */
export type Members = Readonly<Record<string, unknown>>;

/** @throws Failure `invalid-request` where it is no object, or has a member that is not `known`, null or not */
export function readNamed(value: unknown, known: readonly string[], what: string): Members {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Failure('invalid-request', `${what} must be a JSON object, got ${given(value)}`);
  const members: Record<string, unknown> = Object.create(null);
  for (const [name, member] of Object.entries(value)) {
    if (!known.includes(name)) throw new Failure('invalid-request', `${what} can’t have ${quoted(name)}; it has ${known.join(', ')}`);
    if (member !== null) members[name] = member;
  }
  return members;
}

const SHARED_MEMORY = ['shared_memory_region', 'shared_memory_byte_size', 'shared_memory_offset'];

/**
 * The parameters of a request, a tensor or an output that are `known` here. Those without effect are left out.
 * @throws Failure `invalid-request` for any other, by name
 */
export function readParameters(value: unknown, known: readonly string[], what: string): Members {
  // Languages that have one kind of list and map print an empty map as [].
  if (value === undefined || value === null || (Array.isArray(value) && value.length === 0)) return {};
  const shared = typeof value === 'object' ? SHARED_MEMORY.find((name) => Object.hasOwn(value, name)) : undefined;
  if (shared)
    throw new Failure(
      'invalid-request',
      `${what} have ${shared}, but this server shares no memory with its clients; send and take tensors in the body`,
    );
  const members = readNamed(value, [...known, ...WITHOUT_EFFECT], what);
  const { classification } = members;
  if (classification !== undefined && classification !== 0)
    throw new Failure('invalid-request', `classification in ${what} must be 0, since this model does not classify, got ${given(classification)}`);
  return members;
}

/** A name that a client chose, in quotes and not too long. */
export function quoted(name: string): string {
  return JSON.stringify(shortened(name, LONGEST_ECHO));
}
