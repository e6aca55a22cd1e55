import { connect, type Socket } from 'node:net';

/** A connection on which bytes are sent as they are, and what came back on it. */
export interface RawConnection {
  readonly socket: Socket;
  readonly received: string;
  readonly closed: Promise<void>;
  /** What came back, once `part` is in it; fails where the connection closes before. */
  until(part: string | RegExp): Promise<string>;
}

export function open(port: number, bytes: string | Buffer = ''): RawConnection {
  let received = '';
  const listeners = new Set<() => void>();
  const socket = connect(port, '127.0.0.1');
  // Node keeps it until the connection stands; written later, it would follow what a test writes meanwhile.
  socket.write(bytes);
  const tell = () => {
    for (const listener of listeners) listener();
  };
  socket.setEncoding('latin1').on('data', (chunk) => {
    received += chunk;
    tell();
  });
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => {
      resolve();
      tell();
    });
  });
  return {
    socket,
    get received() {
      return received;
    },
    closed,
    until: (part) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const there = typeof part === 'string' ? received.includes(part) : part.test(received);
          if (!there && !socket.closed) return;
          listeners.delete(look);
          if (there) resolve(received);
          else reject(new Error(`the connection closed; what came was ${JSON.stringify(received.slice(0, 2000))}`));
        };
        listeners.add(look);
        look();
      }),
  };
}

/** Sends bytes as they are and gives what comes back until the service closes the connection. */
export async function raw(port: number, bytes: string | Buffer): Promise<string> {
  const connection = open(port, bytes);
  await connection.closed;
  return connection.received;
}

/** The status of each reply in `received`. */
export function statuses(received: string): number[] {
  return [...received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
}

/** A chunk of a chunked body. */
export function chunk(bytes: string | Buffer): Buffer {
  const body = Buffer.from(bytes);
  return Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n')]);
}
