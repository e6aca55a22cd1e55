import { setTimeout as wait } from 'node:timers/promises';
import closeWithGrace from 'close-with-grace';
import { buildApp } from './app.ts';
import { type Config, InvalidSettings, readConfig } from './config.ts';
import { memoryWarning } from './footprint.ts';
import { LAST_WORDS_MS } from './http/connections.ts';
import { CannotListen, listen } from './listen.ts';

/** Time after the last words for what is left, such as threads, before the process ends whatever happens. */
const AFTERWARDS_MS = 5000;
/**
 * Signals of faults, which are no requests to stop. A listener for SIGSEGV would take WebAssembly's out-of-bounds trap
 * out of V8's hands: the access is then tried again for ever.
 */
const FAULTS = ['SIGILL', 'SIGTRAP', 'SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGSEGV'] as const satisfies readonly NodeJS.Signals[];

const config = settings();
const app = await buildApp(config);
const warning = memoryWarning(config, process.constrainedMemory());
if (warning !== undefined) app.log.warn(warning);

closeWithGrace({ delay: config.DRAIN_MS + LAST_WORDS_MS + AFTERWARDS_MS, logger: app.log, skip: [...FAULTS] }, async ({ signal, err }) => {
  if (err) app.log.fatal({ err }, 'a defect: the process can’t go on');
  // A load balancer needs time to see that this replica is not ready; a person at a terminal does not.
  if (signal === 'SIGTERM') {
    app.log.info({ ms: config.DRAIN_MS }, 'asked to stop: not ready any more, still serving');
    app.lifecycle.drain();
    await wait(config.DRAIN_MS);
  }
  await app.close();
});

try {
  await listen(app, config);
} catch (error) {
  giveUp(error, CannotListen);
}

function settings(): Config {
  try {
    return readConfig();
  } catch (error) {
    return giveUp(error, InvalidSettings);
  }
}

/** What the person who starts it can mend is said in a line, without a stack. */
function giveUp(error: unknown, expected: typeof InvalidSettings | typeof CannotListen): never {
  if (!(error instanceof expected)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
