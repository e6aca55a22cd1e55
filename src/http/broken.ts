import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { Failure } from '../engine/failure.ts';
import { pendingReply } from './connections.ts';
import type { OriginHeaders } from './cors.ts';
import { type Metrics, OTHER } from './metrics.ts';
import type { PrintFailure } from './printing.ts';
import { PROBLEMS } from './problems.ts';
import { newRequestId } from './request-id.ts';
import { LONGEST_DROPPING_MS, MOST_DROPPED_BYTES } from './rest.ts';
import { SECURITY_HEADERS } from './security.ts';

/** So much of what came is looked at. */
const LONGEST_PACKET = 8192;

/** What Node's parser says; `rawPacket` holds the bytes that it failed on. */
type BrokenHttp = NodeJS.ErrnoException & { readonly rawPacket?: unknown };

/** Connections whose request could not be read, and how much they had sent by then. Their parser tells every later chunk as an error again. */
const broken = new WeakMap<Socket, number>();

/** What is not HTTP, or too slow with its headers, has no request to answer to: the socket gets the words, and is closed. */
export function answerBrokenHttp(told: Told): (error: BrokenHttp, socket: Socket) => void {
  return (error, socket) => {
    const sentBefore = broken.get(socket);
    if (sentBefore !== undefined) {
      if (socket.bytesRead - sentBefore > MOST_DROPPED_BYTES) socket.destroy();
      return;
    }
    broken.set(socket, socket.bytesRead);
    refuse(error, socket, told);
  };
}

interface Told {
  /** How a failure is printed for the clients of an address. */
  readonly printerAt: (url: string) => PrintFailure;
  readonly origins: OriginHeaders;
  readonly metrics: Metrics;
}

function refuse(error: BrokenHttp, socket: Socket, told: Told): void {
  const pending = pendingReply(socket);
  // It belongs to an earlier request, and comes first.
  if (pending?.req.complete && !socket.destroyed) {
    pending.once('close', () => refuse(error, socket, told));
    return;
  }
  // A reply that has begun can't take another one.
  if (!socket.writable || pending?.headersSent || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const packet = Buffer.isBuffer(error.rawPacket) ? error.rawPacket.toString('latin1', 0, LONGEST_PACKET) : '';
  const line = /^[A-Z-]+ (\S+)/.exec(packet);
  const url = pending?.req.url ?? line?.[1] ?? '';
  const origin = pending?.req.headers.origin ?? /^origin:[ \t]*(\S+)/im.exec(packet)?.[1];
  const failure = faultOf(error);
  told.metrics.failure(failure.code);
  told.metrics.tally(OTHER, OTHER, PROBLEMS[failure.code].status);
  socket.end(reply(failure, told.printerAt(url), told.origins(origin)));
  // Closed at once, bytes that still come would make the client lose the reply.
  const timer = setTimeout(() => socket.destroy(), LONGEST_DROPPING_MS);
  socket.once('close', () => clearTimeout(timer));
}

function faultOf({ code }: NodeJS.ErrnoException): Failure {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new Failure('timeout', 'the headers did not arrive in time');
  if (code === 'HPE_HEADER_OVERFLOW') return new Failure('headers-too-large', 'the request line and the headers are longer than 16 KiB');
  return new Failure('malformed-http', `this is not a request in HTTP/1.1${code?.startsWith('HPE_') ? ` (${code})` : ''}`);
}

function reply(failure: Failure, print: PrintFailure, forPages: Readonly<Record<string, string>>): string {
  const { status, type, body } = print(failure);
  const headers: Record<string, string | number> = {
    ...SECURITY_HEADERS,
    ...forPages,
    'x-request-id': newRequestId(),
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`;
}
