import { buildApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { readChunks } from '../../src/http/body.ts';
import { requireMediaType } from '../../src/http/media.ts';
import { negotiate } from '../../src/http/representation.ts';
import { Admission } from '../../src/runtime/admission.ts';
import { Ledger } from '../../src/runtime/ledger.ts';
import { SEED_REPLY } from '../load/requests.ts';
import { announce } from './announce.ts';

/*
 * The service as production builds it, with every setting at its default, and beside its own routes one that reads the
 * request in the same way and answers the same bytes each time: what is left between the two is the lesson itself.
 */
const config = readConfig({ PORT: '0' });
const app = await buildApp(config);
const bodies = { maxBytes: config.MAX_BODY_BYTES, timeoutMs: config.REQUEST_TIMEOUT_MS };

const admission = new Admission(new Ledger({ bytes: config.MAX_PENDING_BYTES, work: config.MAX_PENDING_WORK }), () => 1);

app.post('/constant', { schema: { hide: true } }, async (request, reply) => {
  negotiate(request, ['application/json']);
  requireMediaType(request, ['application/json']);
  const hold = admission.open(4);
  await readChunks(request, bodies, hold);
  hold.release();
  return reply.type('application/json; charset=utf-8').send(SEED_REPLY);
});

await app.listen({ port: config.PORT, host: config.HOST });
announce(app.server);
