import type { FastifyInstance } from 'fastify';
import type { Config } from './config.ts';
import { version } from './version.ts';

/** The service can't listen where its settings say; the message says why, and which setting to change. */
export class CannotListen extends Error {
  override readonly name = 'CannotListen';
}

/**
 * Listens, on METRICS_PORT too where it is set, and says where to look: in the log, or in plain words where a person sits
 * at the terminal.
 * @throws CannotListen
 */
export async function listen(app: FastifyInstance, { PORT, HOST, METRICS_PORT = 0 }: Config): Promise<void> {
  await listenAt(app, { host: HOST, port: PORT, setting: 'PORT' }, where);
  if (app.operations) await listenAt(app.operations, { host: HOST, port: METRICS_PORT, setting: 'METRICS_PORT' }, whereMetricsAre);
}

interface Address {
  readonly host: string;
  readonly port: number;
  /** The setting that says the port. */
  readonly setting: string;
}

async function listenAt(app: FastifyInstance, address: Address, words: (url: string) => string): Promise<void> {
  const level = app.log.level;
  const person = process.stdout.isTTY === true && level !== 'silent';
  // The framework would print its own line, in JSON, beside ours.
  if (person) app.log.level = 'warn';
  try {
    const url = await app.listen({ port: address.port, host: address.host, listenTextResolver: words });
    if (person) process.stdout.write(`${words(url)}\n`);
  } catch (error) {
    throw new CannotListen(whyNot(error as NodeJS.ErrnoException, address), { cause: error });
  } finally {
    app.log.level = level;
  }
}

function where(url: string): string {
  return `attention service ${version} listening at ${url}/ (the playground); documents at ${url}/docs`;
}

function whereMetricsAre(url: string): string {
  return `metrics at ${url}/metrics`;
}

function whyNot({ code, message }: NodeJS.ErrnoException, { host, port, setting }: Address): string {
  if (code === 'EADDRINUSE') return `port ${port} on ${host} is taken; set ${setting} to another one`;
  if (code === 'EACCES') return `port ${port} on ${host} is not for this user to take; set ${setting} to 1024 or more`;
  if (code === 'EADDRNOTAVAIL') return `${host} is not an address of this machine; set HOST to one that is, 127.0.0.1 or 0.0.0.0`;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `HOST ${JSON.stringify(host)} has no address; set it to 127.0.0.1 or 0.0.0.0`;
  return `can’t listen on port ${port} of ${host}: ${message}`;
}
