import type { FastifyInstance } from 'fastify';
import { Problem } from './problems.ts';

declare module 'fastify' {
  interface FastifyInstance {
    readonly lifecycle: Lifecycle;
  }
}

/** Where the process stands between its start and its end. */
export class Lifecycle {
  #state: 'serving' | 'draining' | 'closing' = 'serving';
  readonly #closing = Promise.withResolvers<void>();

  get ready(): boolean {
    return this.#state === 'serving';
  }

  get closing(): boolean {
    return this.#state === 'closing';
  }

  /** Kept once the service closes: streams end then. */
  get closed(): Promise<void> {
    return this.#closing.promise;
  }

  /** Not ready any more, so that load balancers turn away; requests are still served. */
  drain(): void {
    if (this.#state === 'serving') this.#state = 'draining';
  }

  close(): void {
    this.#state = 'closing';
    this.#closing.resolve();
  }
}

/** While draining, connections are closed after their answer; once closing, only an explanation is given. */
export function followLifecycle(app: FastifyInstance): void {
  app.decorate('lifecycle', new Lifecycle());
  app.addHook('onRequest', (_request, reply, done) => {
    if (app.lifecycle.ready) return done();
    reply.header('connection', 'close');
    done(app.lifecycle.closing ? new Problem('shutting-down', 'this replica is closing', { headers: { 'retry-after': '1' } }) : undefined);
  });
  app.addHook('preClose', (done) => {
    app.lifecycle.close();
    done();
  });
}
