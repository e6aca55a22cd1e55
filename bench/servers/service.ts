import accepts from '@fastify/accepts';
import { buildApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { layBasis } from '../../src/http/basis.ts';
import { readChunks } from '../../src/http/body.ts';
import { originHeaders } from '../../src/http/cors.ts';
import { requireMediaType } from '../../src/http/media.ts';
import { Metrics } from '../../src/http/metrics.ts';
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

// The service is a plugin that keeps its hooks to itself, so the route gets the same ones beside it.
await app.register(
  async (scope) => {
    layBasis(scope, { config, lifecycle: app.lifecycle, metrics: new Metrics(), origins: originHeaders(config.origins), base: '' });
    await scope.register(accepts);
    scope.post('/reply', { schema: { hide: true } }, async (request, reply) => {
      negotiate(request, ['application/json']);
      requireMediaType(request, ['application/json']);
      const hold = admission.open(4);
      await readChunks(request, bodies, hold);
      hold.release();
      return reply.type('application/json; charset=utf-8').send(SEED_REPLY);
    });
  },
  { prefix: '/constant' },
);

await app.listen({ port: config.PORT, host: config.HOST });
announce(app.server);
