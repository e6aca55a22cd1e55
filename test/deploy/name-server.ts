import { createSocket } from 'node:dgram';
import { once } from 'node:events';

/** A name server on a free UDP port that gives these IPv4 addresses for every name, as Docker's gives those of a service's containers. */
export async function nameServer(addresses: readonly string[]): Promise<{ port: number; close(): void }> {
  const socket = createSocket('udp4');
  socket.on('error', () => {}); // a datagram that can't be sent back is asked for again
  socket.on('message', (query, { port, address }) => socket.send(answer(query, addresses), port, address));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { port: socket.address().port, close: () => socket.close() };
}

/** RFC 1035, section 4: the header, the question again, and for a question of type A one record an address. */
function answer(query: Buffer, addresses: readonly string[]): Buffer {
  const end = query.indexOf(0, 12) + 5;
  const question = query.subarray(12, end);
  const records = question.readUInt16BE(question.length - 4) === 1 ? addresses.map(record) : [];
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(0x8180, 2); // a reply without an error
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  return Buffer.concat([header, question, ...records]);
}

/** The name as in the question, type A, class IN, one second to live, four bytes. */
function record(address: string): Buffer {
  return Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, ...address.split('.').map(Number)]);
}
