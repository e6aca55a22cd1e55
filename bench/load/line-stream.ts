import { once } from 'node:events';
import { connect } from 'node:net';

const NEWLINE = 0x0a;
const RETURN = 0x0d;
/** About so many bytes are handed to the socket at once. */
const BLOCK_BYTES = 1_048_576;

/**
 * Sends a line so many times in one NDJSON stream, and comes back once each has been answered. It takes little more than the
 * kernel takes to move the bytes: they are prepared, and what comes back is read into one buffer, where only newlines are looked for.
 * @throws Error where another number of lines comes back
 */
export async function streamLines(origin: string, line: Buffer, count: number): Promise<void> {
  const { hostname, port } = new URL(origin);
  const together = Math.max(1, Math.floor(BLOCK_BYTES / line.length));
  const block = Buffer.concat(Array.from({ length: together }, () => line));
  const replies = new LineCount();
  const read = (bytes: number, buffer: Uint8Array): boolean => {
    replies.count(buffer.subarray(0, bytes));
    return true;
  };
  const socket = connect({ host: hostname, port: Number(port), onread: { buffer: Buffer.alloc(65_536), callback: read } });
  const closed = once(socket, 'close');
  const headers = ['Host: localhost', 'Content-Type: application/x-ndjson', `Content-Length: ${line.length * count}`, 'Connection: close'];
  socket.write(`POST /attention HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`);
  for (let left = count; left > 0; left -= together) {
    if (!socket.write(block.subarray(0, left * line.length))) await once(socket, 'drain');
  }
  await closed;
  if (replies.lines !== count) throw new Error(`${replies.lines} of ${count} lines were answered`);
}

/** Counts the lines of a chunked reply: HTTP's own end with a carriage return. */
class LineCount {
  lines = 0;
  #last = 0;

  count(bytes: Uint8Array): void {
    for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) {
      if ((at > 0 ? bytes[at - 1] : this.#last) !== RETURN) this.lines++;
    }
    this.#last = bytes.at(-1) ?? 0;
  }
}
