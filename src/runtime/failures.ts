import { ArithmeticOverflow } from '../engine/errors.ts';
import { Stopped } from '../engine/kernels/kernel.ts';
import { OnnxFault } from '../engine/onnx.ts';
import { InvalidRequest } from '../wire/faults.ts';
import { BadInference, UnknownModel } from '../wire/inference-members.ts';
import { MalformedJson } from '../wire/json.ts';
import { WorkTooLarge } from './limits.ts';

/** An answer that did not begin in time. */
export class DeadlineExceeded extends Error {
  override readonly name = 'DeadlineExceeded';
}

/** A request that takes more memory to read or to answer than a thread has. */
export class OutOfMemory extends Error {
  override readonly name = 'OutOfMemory';
}

const KNOWN = { MalformedJson, InvalidRequest, BadInference, UnknownModel, OnnxFault, WorkTooLarge, ArithmeticOverflow, Stopped } as const;

/** A failure of a request, in a form that crosses threads: there, classes are lost. */
export interface PackedFailure {
  readonly name: keyof typeof KNOWN;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The failure as it crosses threads; undefined for a defect, which crosses as the error that it is. */
export function packFailure(error: unknown): PackedFailure | undefined {
  if (!(error instanceof Error) || !Object.hasOwn(KNOWN, error.name)) return undefined;
  return { name: error.name as keyof typeof KNOWN, fields: { ...error, message: error.message } };
}

export function unpackFailure({ name, fields }: PackedFailure): Error {
  return Object.assign(Object.create(KNOWN[name].prototype) as Error, fields);
}
