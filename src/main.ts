import { setTimeout as wait } from 'node:timers/promises';
import closeWithGrace from 'close-with-grace';
import { buildApp } from './app.ts';
import { type Config, InvalidSettings, readConfig } from './config.ts';

/** Time after the drain for what is still being answered, before the process ends whatever happens. */
const LAST_WORDS_MS = 5000;

const config = settings();
const app = await buildApp(config);

closeWithGrace({ delay: config.DRAIN_MS + LAST_WORDS_MS, logger: app.log }, async ({ signal, err }) => {
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
  await app.listen({ port: config.PORT, host: config.HOST });
} catch (err) {
  app.log.fatal({ err }, 'can’t listen');
  process.exit(1);
}

function settings(): Config {
  try {
    return readConfig();
  } catch (error) {
    if (!(error instanceof InvalidSettings)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
