import { createServer, type IncomingMessage, type RequestListener, type Server, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { Failure } from '../engine/failure.ts';
import type { Connections } from './connections.ts';
import { oneAtATime } from './pipelining.ts';

const KEEP_ALIVE_MS = 75_000;

/** The replies to requests that wait for `100 Continue` before they send their body. */
const waiting = new WeakMap<IncomingMessage, ServerResponse>();

/** Tells a client that waits for it to send its body. On a server of another's making Node has told it already. */
export function askForBody(request: IncomingMessage): void {
  waiting.get(request)?.writeContinue();
}

/** The server under the app: one, whose every request and whose every failure ends in the app. */
export function makeServer(answer: RequestListener, timeoutMs: number, connections: Connections): Server {
  const handler = oneAtATime(connections.watch(answer));
  const server = createServer(
    {
      // The body's time is kept in body.ts, where it can be answered; this is for headers that trickle in.
      requestTimeout: 0,
      headersTimeout: timeoutMs,
      connectionsCheckingInterval: Math.min(1000, timeoutMs),
      keepAliveTimeout: KEEP_ALIVE_MS,
      // Node would refuse it without a word; `httpFault` says it.
      requireHostHeader: false,
    },
    handler,
  );
  connections.follow(server);
  // Node drops headers past its count silently; their bytes are bounded anyway.
  server.maxHeadersCount = 0;
  // A client that neither sends nor reads for longer than any answer may take is gone.
  server.setTimeout(2 * timeoutMs + 10_000);
  // A body is asked for when a route reads it: whatever refuses it before is the only answer.
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    waiting.set(request, response);
    server.emit('request', request, response);
  });
  server.on('checkExpectation', handler);
  server.on('connect', (request: IncomingMessage, socket) => {
    if (socket instanceof Socket) answerConnect(request, socket, handler);
    else socket.destroy();
  });
  return server;
}

/** CONNECT is a method like any other here: the app refuses it. Node has let go of the connection by then. */
function answerConnect(request: IncomingMessage, socket: Socket, handler: RequestListener): void {
  const response = new ServerResponse(request);
  socket.on('error', () => socket.destroy());
  socket.setTimeout(KEEP_ALIVE_MS, () => socket.destroy());
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.on('finish', () => {
    response.detachSocket(socket);
    socket.destroySoon();
  });
  handler(request, response as Parameters<RequestListener>[1]);
}

/**
 * What is wrong with a request that the parser lets pass and HTTP does not (RFC 9112, 3.2 and 6.1; RFC 9110, 10.1.1).
 * After a fault of framing the connection can't be trusted.
 */
export function httpFault({ headers, rawHeaders, httpVersion }: IncomingMessage): Failure | undefined {
  const coding = headers['transfer-encoding'];
  if (coding !== undefined && coding.trim().toLowerCase() !== 'chunked')
    return malformed(`the one Transfer-Encoding that is read here is chunked, got ${JSON.stringify(coding)}`);
  const hosts = countHosts(rawHeaders);
  if (hosts > 1) return malformed(`a request has one Host header, got ${hosts}`);
  if (httpVersion !== '1.1') return undefined;
  if (hosts === 0) return malformed('a request in HTTP/1.1 has a Host header, got none');
  const { expect } = headers;
  if (expect === undefined || expect.trim().toLowerCase() === '100-continue') return undefined;
  return new Failure('expectation-failed', `the one expectation that is met here is 100-continue, got ${JSON.stringify(expect)}`);
}

function countHosts(rawHeaders: readonly string[]): number {
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i];
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts++;
  }
  return hosts;
}

function malformed(detail: string): Failure {
  return new Failure('malformed-http', detail);
}
