import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyBaseLogger, FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ArithmeticOverflow } from '../engine/errors.ts';
import { Stopped } from '../engine/kernels/kernel.ts';
import { OnnxFault } from '../engine/onnx.ts';
import { DeadlineExceeded, OutOfMemory } from '../runtime/failures.ts';
import { WorkTooLarge } from '../runtime/limits.ts';
import { InvalidRequest } from '../wire/faults.ts';
import { BadInference, UnknownModel } from '../wire/inference-members.ts';
import { MalformedJson } from '../wire/json.ts';
import { ClientGone } from './body.ts';
import { PROBLEM_TYPE, Problem } from './problems.ts';

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
  if (error instanceof ClientGone || error instanceof Stopped) return new Problem('timeout', error.message);
  if (error instanceof WorkTooLarge) return new Problem('work-too-large', error.message);
  if (error instanceof ArithmeticOverflow) return new Problem('arithmetic-overflow', error.message);
  return ofFramework(error);
}

function invalidRequest({ faults }: InvalidRequest): Problem {
  const first = faults[0];
  const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : '';
  return new Problem('invalid-request', `${first?.pointer || 'the body'} ${first?.detail ?? 'is invalid'}${more}`, { errors: faults });
}

/** Fastify's own refusals come with a status; anything else is a defect of ours. */
function ofFramework(error: unknown): Problem {
  const { statusCode, message = '' } = error as Partial<FastifyError>;
  if (statusCode === 415) return new Problem('unsupported-media-type', 'the Content-Type header can’t be read as a media type');
  if (statusCode === 413) return new Problem('body-too-large', message);
  if (statusCode === 400 || statusCode === 404 || statusCode === 414)
    return new Problem('not-found', 'the address can’t be read as the path of a route');
  return new Problem('internal', 'an unexpected error; it has been logged', { cause: error });
}

/** Sends a failure as the route's clients expect it: problem+json, or `{"error"}` under /v2, where all that a request did wrong is a 400. */
export function sendFailure(problem: Problem, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (isInference(request.url)) {
    const status = problem.status === 422 || problem.status === 415 || problem.status === 406 ? 400 : problem.status;
    // As bytes: to text Fastify adds a charset, and KServe's client then does not show it.
    return reply
      .code(status)
      .headers(problem.headers)
      .type('application/json')
      .send(Buffer.from(JSON.stringify({ error: problem.message })));
  }
  return reply.code(problem.status).headers(problem.headers).type(PROBLEM_TYPE).send(JSON.stringify(problem));
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

/** A missing route is said before the body is looked at. Call it after the hooks whose headers a 404 has too. */
export function answerMissingRoutes(app: FastifyInstance): void {
  app.addHook('onRequest', (request, _reply, done) => done(request.is404 ? notFound() : undefined));
}

function notFound(): Problem {
  return new Problem('not-found', 'no route has this path; /docs lists them');
}

/** For each path of the app, the methods that it does not take answer 405 with Allow. Call it after the last route. */
export function answerOtherMethods(app: FastifyInstance, methodsOf: ReadonlyMap<string, ReadonlySet<string>>): void {
  for (const [url, methods] of methodsOf) {
    const others = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].filter(
      (method) => !methods.has(method) && !app.hasRoute({ method, url }),
    );
    if (others.length === 0) continue;
    const allow = [...methods].join(', ');
    const refuse = (request: FastifyRequest): never => {
      throw new Problem('method-not-allowed', `${request.method} is not taken here; this address takes ${allow}`, { headers: { allow } });
    };
    app.route({ method: others, url, schema: { hide: true }, onRequest: async (request) => refuse(request), handler: refuse });
  }
}

/** The methods of each path, filled as routes are added. Call it before the first route. */
export function collectMethods(app: FastifyInstance): ReadonlyMap<string, ReadonlySet<string>> {
  const methodsOf = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    const methods = methodsOf.get(url) ?? new Set<string>();
    for (const one of Array.isArray(method) ? method : [method]) methods.add(one);
    methodsOf.set(url, methods);
  });
  return methodsOf;
}

/** What is not HTTP, or too slow with its headers, has no request to answer to: the socket gets the words. */
export function answerBrokenHttp(error: NodeJS.ErrnoException, socket: Socket): void {
  // A reply that has begun can't take another one.
  const begun = (socket as { _httpMessage?: { headersSent: boolean } })._httpMessage?.headersSent === true;
  if (!socket.writable || begun || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const slow = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  const status = slow ? 408 : error.code === 'HPE_HEADER_OVERFLOW' ? 431 : 400;
  const body = JSON.stringify(
    slow
      ? new Problem('timeout', 'the request did not arrive in time')
      : {
          type: 'about:blank',
          title: STATUS_CODES[status],
          status,
          detail: status === 431 ? 'the headers are too long' : 'this is not a request in HTTP/1.1',
        },
  );
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: ${PROBLEM_TYPE}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}

function isInference(url: string): boolean {
  return /^\/v2(?:[/?#]|$)/.test(url);
}
