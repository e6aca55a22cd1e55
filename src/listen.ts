import type { FastifyInstance } from 'fastify';
import type { Config } from './config.ts';
import { version } from './version.ts';

/** The service can't listen where its settings say; the message says why, and which setting to change. */
export class CannotListen extends Error {
  override readonly name = 'CannotListen';
}

/**
 * Listens, and says where to look: in the log, or in plain words where a person sits at the terminal.
 * @throws CannotListen
 */
export async function listen(app: FastifyInstance, { PORT, HOST }: Config): Promise<void> {
  const level = app.log.level;
  const person = process.stdout.isTTY === true && app.log.level !== 'silent';
  // The framework would print its own line, in JSON, beside ours.
  if (person) app.log.level = 'warn';
  try {
    const address = await app.listen({ port: PORT, host: HOST, listenTextResolver: where });
    if (person) process.stdout.write(`${where(address)}\n`);
  } catch (error) {
    throw new CannotListen(whyNot(error as NodeJS.ErrnoException, PORT, HOST), { cause: error });
  } finally {
    app.log.level = level;
  }
}

function where(address: string): string {
  return `attention service ${version} listening at ${address}/ (the playground); documents at ${address}/docs`;
}

function whyNot({ code, message }: NodeJS.ErrnoException, port: number, host: string): string {
  if (code === 'EADDRINUSE') return `port ${port} on ${host} is taken; set PORT to another one`;
  if (code === 'EACCES') return `port ${port} on ${host} is not for this user to take; set PORT to 1024 or more`;
  if (code === 'EADDRNOTAVAIL') return `${host} is not an address of this machine; set HOST to one that is, 127.0.0.1 or 0.0.0.0`;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `HOST ${JSON.stringify(host)} has no address; set it to 127.0.0.1 or 0.0.0.0`;
  return `can’t listen on port ${port} of ${host}: ${message}`;
}
