import { buildApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { readChunks } from '../../src/http/body.ts';
import { requireMediaType } from '../../src/http/media.ts';
import { negotiate } from '../../src/http/representation.ts';
import { SEED_REPLY } from '../load/requests.ts';
import { announce } from './announce.ts';

/*
 * The service as production builds it, with every setting at its default, and beside its own routes one that reads the
 * request in the same way and answers the same bytes each time: what is left between the two is the lesson itself.
 */
const config = readConfig({ PORT: '0' });
const app = await buildApp(config);
const bodies = { maxBytes: config.MAX_BODY_BYTES, timeoutMs: config.REQUEST_TIMEOUT_MS };

app.post('/constant', { schema: { hide: true } }, async (request, reply) => {
  negotiate(request, ['application/json']);
  requireMediaType(request, ['application/json']);
  await readChunks(request, bodies);
  return reply.type('application/json; charset=utf-8').send(SEED_REPLY);
});

await app.listen({ port: config.PORT, host: config.HOST });
announce(app.server);
