import { Readable } from 'node:stream';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Failure } from '../engine/failure.ts';
import { isGone } from './gone.ts';
import { logFailure } from './logging.ts';
import type { Metrics } from './metrics.ts';
import type { PrintFailure } from './printing.ts';
import { PROBLEMS } from './problems.ts';
import { bodyComes, dropRest, waitsForDropping } from './rest.ts';

/** What is thrown anywhere, as the failure that it is to a client. */
export function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  // Nobody reads the answer to this.
  if (isGone(error)) return new Failure('timeout', error.message);
  return ofFramework(error);
}

/** Refusals of Fastify and its plugins come with a status; anything else is a defect of ours. */
function ofFramework(error: unknown): Failure {
  const { statusCode = 500, message = '' } = error as Partial<FastifyError>;
  if (statusCode === 415) return new Failure('unsupported-media-type', 'the Content-Type header can’t be read as a media type');
  if (statusCode === 413) return new Failure('body-too-large', message);
  // What is left is about the address: the static files' plugin has its own words for it.
  if (statusCode >= 400 && statusCode < 500) return new Failure('not-found', 'the address can’t be read as the path of a route');
  return new Failure('internal', 'an unexpected error; it has been logged', { cause: error });
}

/** Sends a failure. A connection that closes after it is held open while its client still sends, within bounds: closed at once, it would lose the reply. */
function sendFailure(failure: Failure, print: PrintFailure, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status, type, body } = print(failure);
  const { closes } = PROBLEMS[failure.code];
  const retryAfter = failure.retryAfter ?? PROBLEMS[failure.code].retryAfter;
  const comes = bodyComes(request.raw);
  // What a client sends next on a connection whose last body waits to be dropped would wait with it.
  if (closes || (comes && waitsForDropping(request.raw))) reply.header('connection', 'close');
  if (retryAfter !== undefined) reply.header('retry-after', `${retryAfter}`);
  // As bytes: to text Fastify adds a charset, and KServe's client then does not show it.
  const bytes = Buffer.from(body);
  reply.code(status).type(type);
  const held = !reply.raw.shouldKeepAlive || reply.hasHeader('connection') || request.headers.expect !== undefined;
  if (!held || !comes) {
    // At once, so that those that are refused next know of it.
    if (comes) void dropRest(request.raw, request.server.attentionLifecycle.closing);
    return reply.send(bytes);
  }
  reply.header('content-length', bytes.length);
  return reply.send(Readable.from(heldOpen(bytes, request, reply), { objectMode: false }));
}

async function* heldOpen(body: Buffer, request: FastifyRequest, reply: FastifyReply): AsyncGenerator<Buffer> {
  const { raw, server } = request;
  yield body;
  request.repliedAt = reply.elapsedTime;
  await dropRest(raw, server.attentionLifecycle.closing);
}

/** Sends what a request failed with, as the failure that it is to a client; it is logged and counted. */
export function answerFailure(error: unknown, print: PrintFailure, request: FastifyRequest, reply: FastifyReply, metrics: Metrics): FastifyReply {
  const failure = failureOf(error);
  sendFailure(failure, print, request, reply);
  logFailure(failure, request, reply.statusCode);
  // Where nobody is told, nothing failed.
  if (!isGone(error)) metrics.failure(failure.code);
  return reply;
}

/** Every failure of the app's routes, and of those of its plugins that say nothing else, is printed by `print`. */
export function answerFailures(app: FastifyInstance, print: PrintFailure, metrics: Metrics): void {
  app.setErrorHandler((error, request, reply) => answerFailure(error, print, request, reply, metrics));
}
