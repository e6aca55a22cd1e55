import { METHODS } from 'node:http';
import { Readable } from 'node:stream';
import type { FastifyBaseLogger, FastifyError, FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify';
import { ArithmeticOverflow } from '../engine/errors.ts';
import { Stopped } from '../engine/kernels/kernel.ts';
import { OnnxFault } from '../engine/onnx.ts';
import { DeadlineExceeded, OutOfMemory } from '../runtime/failures.ts';
import { WorkTooLarge } from '../runtime/limits.ts';
import { InvalidRequest } from '../wire/faults.ts';
import { BadInference, UnknownModel } from '../wire/inference-members.ts';
import { MalformedJson } from '../wire/json.ts';
import { ClientGone } from './gone.ts';
import { PROBLEM_TYPE, Problem } from './problems.ts';
import { bodyComes, dropRest } from './rest.ts';
import { httpFault } from './server.ts';

/** What a failure of the wire, the engine or the framework is to a client. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof MalformedJson) return new Problem('malformed-json', `line ${error.line}, column ${error.column}: ${error.message}`);
  if (error instanceof InvalidRequest) return invalidRequest(error);
  if (error instanceof BadInference || error instanceof OnnxFault) return new Problem('invalid-request', error.message);
  if (error instanceof UnknownModel) return new Problem('not-found', error.message);
  if (error instanceof OutOfMemory) return new Problem('body-too-large', error.message);
  if (error instanceof DeadlineExceeded)
    return new Problem('deadline-exceeded', `${error.message} (REQUEST_TIMEOUT_MS)`, { headers: { 'retry-after': '1' } });
  // Nobody reads the answer to this.
  if (error instanceof ClientGone || error instanceof Stopped || isPrematureClose(error)) return new Problem('timeout', error.message);
  if (error instanceof WorkTooLarge) return new Problem('work-too-large', error.message);
  if (error instanceof ArithmeticOverflow) return new Problem('arithmetic-overflow', error.message);
  return ofFramework(error);
}

/** A streamed reply whose connection closed before its first byte. */
function isPrematureClose(error: unknown): error is Error {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === 'ERR_STREAM_PREMATURE_CLOSE';
}

function invalidRequest({ faults }: InvalidRequest): Problem {
  const first = faults[0];
  const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : '';
  return new Problem('invalid-request', `${first?.pointer || 'the body'} ${first?.detail ?? 'is invalid'}${more}`, { errors: faults });
}

/** Refusals of Fastify and its plugins come with a status; anything else is a defect of ours. */
function ofFramework(error: unknown): Problem {
  const { statusCode = 500, message = '' } = error as Partial<FastifyError>;
  if (statusCode === 415) return new Problem('unsupported-media-type', 'the Content-Type header can’t be read as a media type');
  if (statusCode === 413) return new Problem('body-too-large', message);
  // What is left is about the address: the static files' plugin has its own words for it.
  if (statusCode >= 400 && statusCode < 500) return new Problem('not-found', 'the address can’t be read as the path of a route');
  return new Problem('internal', 'an unexpected error; it has been logged', { cause: error });
}

/** A failure as the route's clients expect it: problem+json, or `{"error"}` under /v2, where all that a request did wrong is a 400. */
export function printFailure(problem: Problem, inference: boolean): { status: number; type: string; body: string } {
  if (!inference) return { status: problem.status, type: PROBLEM_TYPE, body: JSON.stringify(problem) };
  const status = problem.status === 422 || problem.status === 415 || problem.status === 406 ? 400 : problem.status;
  return { status, type: 'application/json', body: JSON.stringify({ error: problem.message }) };
}

/** Sends a failure. A connection that closes after it is held open while its client still sends, within bounds: closed at once, it would lose the reply. */
export function sendFailure(problem: Problem, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status, type, body } = printFailure(problem, isInference(request.url));
  // As bytes: to text Fastify adds a charset, and KServe's client then does not show it.
  const bytes = Buffer.from(body);
  reply.code(status).headers(problem.headers).type(type);
  const closes = !reply.raw.shouldKeepAlive || reply.hasHeader('connection') || request.headers.expect !== undefined;
  if (!closes || !bodyComes(request.raw)) return reply.send(bytes);
  reply.header('content-length', bytes.length);
  return reply.send(Readable.from(heldOpen(bytes, request), { objectMode: false }));
}

async function* heldOpen(body: Buffer, { raw, server }: FastifyRequest): AsyncGenerator<Buffer> {
  yield body;
  await dropRest(raw, server.lifecycle.closing);
}

/** Defects are logged with their cause; what a client did wrong only at debug, and nothing of what it sent. */
export function logFailure(problem: Problem, error: unknown, log: FastifyBaseLogger): void {
  if (problem.code === 'internal') log.error({ err: problem.cause ?? error, code: problem.code }, 'request failed');
  else log.debug({ code: problem.code, pointers: problem.errors?.map(({ pointer }) => pointer) }, 'request refused');
}

/** Every failure of every native route ends here. */
export function answerFailures(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error);
    logFailure(problem, error, request.log);
    return sendFailure(problem, request, reply);
  });
  app.setNotFoundHandler(() => {
    throw notFound();
  });
}

/** What is no good HTTP, and a missing route, is said before the body is looked at. Call it after the hooks whose headers a failure has too. */
export function answerMissingRoutes(app: FastifyInstance): void {
  app.addHook('onRequest', (request, _reply, done) => done(httpFault(request.raw) ?? (request.is404 ? notFound() : undefined)));
}

function notFound(): Problem {
  return new Problem('not-found', 'no route has this path; /docs lists them');
}

/** For each path of the app, the methods that it does not take answer 405 with Allow. Call it after the last route. */
export function answerOtherMethods(app: FastifyInstance, methodsOf: ReadonlyMap<string, ReadonlySet<string>>): void {
  for (const [url, methods] of methodsOf) {
    const others = METHODS.filter((method) => !methods.has(method) && !app.hasRoute({ method: method as HTTPMethods, url }));
    if (others.length === 0) continue;
    const allow = [...methods].sort().join(', ');
    const refuse = (request: FastifyRequest): never => {
      throw new Problem('method-not-allowed', `${request.method} is not taken here; this address takes ${allow}`, { headers: { allow } });
    };
    app.route({ method: others as HTTPMethods[], url, schema: { hide: true }, onRequest: async (request) => refuse(request), handler: refuse });
  }
}

/** The methods of each path, filled as routes are added, of all methods that Node's parser knows. Call it before the first route. */
export function collectMethods(app: FastifyInstance): ReadonlyMap<string, ReadonlySet<string>> {
  for (const method of METHODS) if (!app.supportedMethods.includes(method)) app.addHttpMethod(method);
  const methodsOf = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    const methods = methodsOf.get(url) ?? new Set<string>();
    for (const one of Array.isArray(method) ? method : [method]) methods.add(one);
    methodsOf.set(url, methods);
  });
  return methodsOf;
}

/** Is it an address of the Open Inference Protocol, whose clients read another shape of error? */
export function isInference(url: string): boolean {
  return /^\/v2(?:[/?#]|$)/.test(url);
}
