import type { Readable } from 'node:stream';
import { createGunzip, createInflate } from 'node:zlib';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Pieces } from '../wire/chunks.ts';
import { Problem } from './problems.ts';

/** What a body may weigh, and how long it may take to arrive. */
export interface BodyLimits {
  readonly maxBytes: number;
  readonly timeoutMs: number;
}

/** The client went away before its body was here: there is nobody to answer. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';
}

/** Routes get the body as a stream and read it themselves, once its type is known to be theirs. */
export function leaveBodiesToRoutes(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
  app.setValidatorCompiler(() => () => true);
}

/**
 * The media type of the body, one of `accepted`; a body of another type or charset, or in an encoding that is not read
 * here, is refused.
 * @throws Problem `unsupported-media-type`
 */
export function requireMediaType<Type extends string>({ headers }: FastifyRequest, accepted: readonly Type[]): Type {
  const header = headers['content-type'];
  const [type = '', ...parameters] = (header ?? '').split(';').map((part) => part.trim().toLowerCase());
  const charset = parameters
    .find((parameter) => parameter.startsWith('charset='))
    ?.slice('charset='.length)
    .replaceAll('"', '');
  const known = accepted.find((candidate) => candidate === type);
  if (known === undefined)
    return refuse(`the body must be ${accepted.join(' or ')}, got ${header === undefined ? 'no Content-Type' : JSON.stringify(header)}`);
  if (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8') refuse(`JSON is read as UTF-8, got the charset ${JSON.stringify(charset)}`);
  requireKnownEncoding(headers);
  return known;
}

/** @throws Problem `unsupported-media-type` */
export function requireKnownEncoding(headers: FastifyRequest['headers']): void {
  if (encodingOf(headers) !== undefined) return;
  refuse(`the Content-Encoding must be gzip, deflate or identity, got ${JSON.stringify(headers['content-encoding'])}`);
}

function encodingOf(headers: FastifyRequest['headers']): 'identity' | 'gzip' | 'deflate' | undefined {
  const encoding = headers['content-encoding']?.trim().toLowerCase();
  if (encoding === undefined || encoding === '' || encoding === 'identity') return 'identity';
  if (encoding === 'gzip' || encoding === 'x-gzip') return 'gzip';
  return encoding === 'deflate' ? 'deflate' : undefined;
}

/** The body as it was before it was packed. */
export function unpacked({ raw, headers }: FastifyRequest): Readable {
  const encoding = encodingOf(headers);
  if (encoding === 'identity') return raw;
  const unpacker = encoding === 'gzip' ? createGunzip() : createInflate();
  raw
    .on('error', (error) => unpacker.destroy(error))
    .on('close', () => {
      if (!raw.complete) unpacker.destroy(new ClientGone('the connection closed before the body was here'));
    });
  return raw.pipe(unpacker);
}

/** A fault in the packed data, as the client's fault that it is; undefined where `error` is another. */
export function brokenEncoding(error: unknown): Problem | undefined {
  const { code, message } = error as NodeJS.ErrnoException;
  return code?.startsWith('Z_') ? new Problem('malformed-json', `the body can’t be unpacked as its Content-Encoding says: ${message}`) : undefined;
}

function refuse(detail: string): never {
  throw new Problem('unsupported-media-type', detail);
}

/**
 * The whole body, in the pieces in which it arrived.
 * @throws Problem `body-too-large` over the limit, `timeout` where it does not arrive in time, `malformed-json` where it
 * can't be unpacked; ClientGone
 */
export function readChunks(request: FastifyRequest, { maxBytes, timeoutMs }: BodyLimits): Promise<readonly Buffer[]> {
  const { raw, headers } = request;
  const source = unpacked(request);
  const announced = Number(headers['content-length'] ?? 0);
  if (announced > maxBytes) return Promise.reject(tooLarge(`${announced}`, maxBytes));
  return new Promise((resolve, reject) => {
    const pieces = new Pieces();
    let bytes = 0;
    let settled = false;
    const stop = (): void => {
      settled = true;
      clearTimeout(timer);
      source.off('data', onData).off('end', onEnd).off('error', onError).off('close', onClose);
    };
    const fail = (error: Error): void => {
      stop();
      source.on('error', () => undefined);
      if (source !== raw) source.destroy();
      raw.resume();
      reject(error);
    };
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > maxBytes) fail(tooLarge(`more than ${maxBytes}`, maxBytes));
      else pieces.push(chunk);
    };
    const onEnd = (): void => {
      stop();
      resolve(pieces.take());
    };
    const onError = (error: Error): void =>
      fail(brokenEncoding(error) ?? new ClientGone('the connection broke before the body was here', { cause: error }));
    const onClose = (): void => fail(new ClientGone('the connection closed before the body was here'));
    const late = (): void => {
      fail(new Problem('timeout', `the body did not arrive within ${timeoutMs} ms; ${bytes} bytes are here`, { headers: { connection: 'close' } }));
    };
    // What arrived while the event loop was busy is looked at first: it is our delay, not the client's.
    const timer = setTimeout(() => setImmediate(() => settled || late()), timeoutMs);
    source.on('data', onData).on('end', onEnd).on('error', onError).on('close', onClose);
  });
}

function tooLarge(got: string, maxBytes: number): Problem {
  // What is still to come of the body is not worth receiving.
  return new Problem('body-too-large', `the body has ${got} bytes; MAX_BODY_BYTES is ${maxBytes}`, { headers: { connection: 'close' } });
}
