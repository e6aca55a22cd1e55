import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Problem } from './problems.ts';

/** What a body may weigh, and how long it may take to arrive. */
export interface BodyLimits {
  readonly maxBytes: number;
  readonly timeoutMs: number;
}

/** The client went away before its body was here: there is nobody to answer. */
class ClientGone extends Error {
  override readonly name = 'ClientGone';
}

/** Routes get the body as a stream and read it themselves, once its type is known to be theirs. */
export function leaveBodiesToRoutes(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
  app.setValidatorCompiler(() => () => true);
}

/**
 * Refuses a body of another type or charset, or in an encoding that is not read here.
 * @throws Problem `unsupported-media-type`
 */
export function requireMediaType({ headers }: FastifyRequest, accepted: readonly string[]): void {
  const header = headers['content-type'];
  const [type = '', ...parameters] = (header ?? '').split(';').map((part) => part.trim().toLowerCase());
  const charset = parameters
    .find((parameter) => parameter.startsWith('charset='))
    ?.slice('charset='.length)
    .replaceAll('"', '');
  if (!accepted.includes(type))
    refuse(`the body must be ${accepted.join(' or ')}, got ${header === undefined ? 'no Content-Type' : JSON.stringify(header)}`);
  if (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8') refuse(`JSON is read as UTF-8, got the charset ${JSON.stringify(charset)}`);
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (encoding !== 'identity' && encoding !== '') refuse(`the Content-Encoding must be identity, got ${JSON.stringify(encoding)}`);
}

function refuse(detail: string): never {
  throw new Problem('unsupported-media-type', detail);
}

/**
 * The whole body.
 * @throws Problem `body-too-large` over the limit, `timeout` where it does not arrive in time
 */
export function readBody({ raw, headers }: FastifyRequest, { maxBytes, timeoutMs }: BodyLimits): Promise<Buffer> {
  const announced = Number(headers['content-length'] ?? 0);
  if (announced > maxBytes) return Promise.reject(tooLarge(`${announced}`, maxBytes));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const stop = (): void => {
      clearTimeout(timer);
      raw.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone);
    };
    const fail = (error: Error): void => {
      stop();
      raw.on('error', () => undefined).resume();
      reject(error);
    };
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > maxBytes) fail(tooLarge(`more than ${maxBytes}`, maxBytes));
      else chunks.push(chunk);
    };
    const onEnd = (): void => {
      stop();
      resolve(chunks.length === 1 ? (chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(chunks, bytes));
    };
    const onGone = (): void => fail(new ClientGone('the connection closed before the body was here'));
    const timer = setTimeout(() => {
      fail(
        new Problem(
          'timeout',
          `the body did not arrive within ${timeoutMs} ms: ${bytes} bytes of ${headers['content-length'] ?? 'an unknown number'} are here`,
          { headers: { connection: 'close' } },
        ),
      );
    }, timeoutMs);
    raw.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone);
  });
}

function tooLarge(got: string, maxBytes: number): Problem {
  // What is still to come of the body is not worth receiving.
  return new Problem('body-too-large', `the body has ${got} bytes; MAX_BODY_BYTES is ${maxBytes}`, { headers: { connection: 'close' } });
}
