import type { FastifyRequest } from 'fastify';
import { Failure } from '../engine/failure.ts';
import { ENCODINGS, type Encoding } from './unpacking.ts';

export const JSON_TYPE = 'application/json';
/** Lines of JSON: one format under the names that clients give it. */
export const NDJSON_TYPES = ['application/x-ndjson', 'application/ndjson', 'application/jsonl', 'application/jsonlines'] as const;

/**
 * The media type of the body, one of `accepted`; a body of another type or charset, or in an encoding that is not read
 * here, is refused.
 * @throws Failure `unsupported-media-type`
 */
export function requireMediaType<Type extends string>({ headers }: FastifyRequest, accepted: readonly Type[]): Type {
  const header = headers['content-type'];
  const known = accepted.find((candidate) => candidate === header) ?? typeIn(header, accepted);
  encodingOf(headers);
  return known;
}

/** The type that a header has beside its parameters. @throws Failure `unsupported-media-type` */
function typeIn<Type extends string>(header: string | undefined, accepted: readonly Type[]): Type {
  const [type = '', ...parameters] = (header ?? '').split(';').map((part) => part.trim().toLowerCase());
  const charset = parameters
    .find((parameter) => parameter.startsWith('charset='))
    ?.slice('charset='.length)
    .replaceAll('"', '');
  const known = accepted.find((candidate) => candidate === type);
  if (known === undefined)
    return refuse(`the body must be ${accepted.join(' or ')}, got ${header === undefined ? 'no Content-Type' : JSON.stringify(header)}`);
  if (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8') refuse(`JSON is read as UTF-8, got the charset ${JSON.stringify(charset)}`);
  return known;
}

/**
 * How the body is packed.
 * @throws Failure `unsupported-media-type`
 */
export function encodingOf(headers: FastifyRequest['headers']): Encoding | 'identity' {
  const header = headers['content-encoding'];
  if (header === undefined) return 'identity';
  const name = header.trim().toLowerCase();
  if (name === '' || name === 'identity') return 'identity';
  const known = ENCODINGS.find((encoding) => encoding === (name === 'x-gzip' ? 'gzip' : name));
  return known ?? refuse(`the Content-Encoding must be one of ${ENCODINGS.join(', ')}, or identity, got ${JSON.stringify(header)}`);
}

function refuse(detail: string): never {
  throw new Failure('unsupported-media-type', detail);
}
