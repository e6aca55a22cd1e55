import { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Failure } from '../engine/failure.ts';
import type { Hold } from '../runtime/admission.ts';
import { INLINE_BYTES } from '../runtime/cost.ts';
import { freeOwn } from '../runtime/memory.ts';
import { Pieces } from '../wire/chunks.ts';
import { ClientGone } from './gone.ts';
import { encodingOf, JSON_TYPE } from './media.ts';
import { askForBody } from './server.ts';
import { brokenEncoding, unpack } from './unpacking.ts';

/** What a body may weigh, and how long it may take to arrive. */
export interface BodyLimits {
  readonly maxBytes: number;
  readonly timeoutMs: number;
  /** What sets the limit, as a longer body is told: MAX_BODY_BYTES where it is not said. */
  readonly rule?: string;
}

/** A body up to this length is mostly here with its headers: then nothing waits for it, no timer and no listener. */
const COMES_AT_ONCE = 16_384;

/** Kept by the next turn of the event loop, where somebody waits for it. */
let turn: Promise<void> | undefined;

/** The next turn of the event loop: the same promise for all that ask within one, since a timer and a promise each cost a small request as much as pricing it. */
function nextTurn(): Promise<void> {
  turn ??= new Promise((resolve) => {
    setImmediate(() => {
      turn = undefined;
      resolve();
    });
  });
  return turn;
}

/** Routes get the body as a stream and read it themselves, once its type is known to be theirs. */
export function leaveBodiesToRoutes(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  // JSON by its name too: what is found for `*` is looked for anew each time, and its type read once more.
  app.addContentTypeParser([JSON_TYPE, '*'], (_request, payload, done) => done(null, payload));
  app.setValidatorCompiler(() => () => true);
}

/**
 * The body as it was before it was packed, from now on: a client that waits for `100 Continue` is told to send it.
 * @throws Failure `unsupported-media-type` for a coding that is not read here
 */
export function openBody({ raw, headers }: FastifyRequest): Readable {
  const encoding = encodingOf(headers);
  if (headers.expect !== undefined) askForBody(raw);
  return encoding === 'identity' ? raw : unpack(raw, encoding);
}

/** Frees a chunk that nobody looks at any more: what is unpacked is its source's memory, and another listener may have kept one. */
export function freeChunk(chunk: Buffer, source: Readable): void {
  if (source instanceof IncomingMessage && source.listenerCount('data') === 1) freeOwn(chunk);
}

/**
 * The whole body, in the pieces in which it arrived, once there is room for it in `hold`: by what its Content-Length says,
 * before a byte of it is read, and where its turn is far once that is near. When this fails, the rest of the body is still to be dropped.
 * @throws Failure `body-too-large` over the limit, `too-many-requests` where there is no room, `timeout` where it does not arrive in time, `malformed-json` where it
 * can't be unpacked, `shutting-down` where the service closes before it is here; ClientGone
 */
export async function readChunks(request: FastifyRequest, limits: BodyLimits, hold: Hold): Promise<readonly Buffer[]> {
  encodingOf(request.headers); // a coding that is not read here is said first, whatever the size
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > limits.maxBytes) throw tooLarge(`${announced}`, limits);
  const { raw } = request;
  const reached = hold.expect(announced);
  if (reached) {
    await reached;
    if (raw.destroyed) throw new ClientGone('the connection closed before the body was read');
  }
  const source = openBody(request);
  if (source === raw && announced > 0 && announced <= COMES_AT_ONCE) {
    // Node hands a request over before it reads on from the same piece of the connection.
    await nextTurn();
    if (raw.destroyed) throw new ClientGone('the connection closed before the body was here');
    if (raw.complete) {
      hold.arrived(raw.readableLength);
      return [raw.read()];
    }
  }
  return collect(source, request, limits, hold, announced);
}

function collect(
  source: Readable,
  { raw, server: { attentionLifecycle: lifecycle } }: FastifyRequest,
  limits: BodyLimits,
  hold: Hold,
  announced: number,
): Promise<readonly Buffer[]> {
  const { maxBytes, timeoutMs } = limits;
  return new Promise((resolve, reject) => {
    const pieces = new Pieces();
    let bytes = 0;
    let settled = false;
    const stop = (): void => {
      settled = true;
      clearTimeout(timer);
      lifecycle.forget(onClosing);
      source.off('data', onData).off('end', onEnd).off('error', onError).off('close', onClose);
    };
    const fail = (error: Error): void => {
      stop();
      if (source !== raw) source.destroy();
      reject(error);
    };
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > maxBytes) fail(tooLarge(`more than ${maxBytes}`, limits));
      else if (grown(bytes)) keep(chunk);
    };
    const keep = (chunk: Buffer): void => {
      if (Math.max(announced, bytes) <= INLINE_BYTES) {
        pieces.push(chunk);
        return;
      }
      hold.memory.push(chunk, hold.body - (bytes - chunk.length));
      freeChunk(chunk, source);
    };
    const grown = (to: number): boolean => {
      try {
        hold.grow(to, maxBytes);
        return true;
      } catch (error) {
        fail(error as Failure);
        return false;
      }
    };
    const onEnd = (): void => {
      // What is unpacked goes on though its connection has closed.
      if (hold.isReleased) {
        fail(new ClientGone('the connection closed before the body was unpacked'));
        return;
      }
      stop();
      hold.arrived(bytes);
      resolve([...pieces.take(), ...hold.memory.bytes()]);
    };
    const onError = (error: Error): void =>
      fail(brokenEncoding(error) ?? new ClientGone('the connection broke before the body was here', { cause: error }));
    const onClose = (): void => fail(new ClientGone('the connection closed before the body was here'));
    const onClosing = (): void => fail(new Failure('shutting-down', 'this replica is closing'));
    const late = (): void => {
      fail(new Failure('timeout', `the body did not arrive within ${timeoutMs} ms; ${bytes} bytes are here`));
    };
    // What arrived while the event loop was busy is looked at first: it is our delay, not the client's.
    const timer = setTimeout(() => setImmediate(() => settled || late()), timeoutMs);
    source.on('data', onData).on('end', onEnd).on('error', onError).on('close', onClose);
    lifecycle.tell(onClosing);
  });
}

function tooLarge(got: string, { maxBytes, rule = 'MAX_BODY_BYTES is' }: BodyLimits): Failure {
  return new Failure('body-too-large', `the body has ${got} bytes; ${rule} ${maxBytes}`);
}
