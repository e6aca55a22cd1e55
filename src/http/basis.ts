import type { FastifyInstance } from 'fastify';
import type { Config } from '../config.ts';
import { answerMissingRoutes } from './absent.ts';
import { leaveBodiesToRoutes } from './body.ts';
import type { OriginHeaders } from './cors.ts';
import { answerFailures } from './failures.ts';
import { followLifecycle, type Lifecycle } from './lifecycle.ts';
import { logRequests } from './logging.ts';
import { measureRequests } from './measuring.ts';
import type { Metrics } from './metrics.ts';
import { packReplies } from './packing.ts';
import { asProblems } from './printing.ts';
import { dropUnreadBodies } from './rest.ts';
import { headEveryReply } from './security.ts';

export interface Basis {
  readonly config: Config;
  readonly lifecycle: Lifecycle;
  readonly metrics: Metrics;
  readonly origins: OriginHeaders;
  /** How the addresses begin. */
  readonly base: string;
}

/** What every route stands on, on whichever port: parser, headers, lifecycle, failures, logs and counts, in the order in which they act. */
export function layBasis(app: FastifyInstance, { config, lifecycle, metrics, origins, base }: Basis): void {
  app.setSerializerCompiler(() => JSON.stringify);
  leaveBodiesToRoutes(app);
  logRequests(app, config.LOG_LEVEL);
  headEveryReply(app, origins);
  followLifecycle(app, lifecycle);
  answerFailures(app, asProblems(base), metrics);
  measureRequests(app, metrics);
  dropUnreadBodies(app);
  packReplies(app, { numbers: config.COMPRESS_REPLIES });
  answerMissingRoutes(app, base);
}
