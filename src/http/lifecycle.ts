import type { FastifyInstance } from 'fastify';
import { closeInTime } from './connections.ts';
import { Problem } from './problems.ts';

declare module 'fastify' {
  interface FastifyInstance {
    readonly lifecycle: Lifecycle;
  }
}

/** Where the process stands between its start and its end. */
export class Lifecycle {
  #state: 'serving' | 'draining' | 'closing' = 'serving';
  readonly #listeners = new Set<() => void>();

  get ready(): boolean {
    return this.#state === 'serving';
  }

  get closing(): boolean {
    return this.#state === 'closing';
  }

  /**
   * Calls `listener` once the service closes, unless it is forgotten before. It is a list, not a promise: what waits on
   * a promise that settles at the end of the process is kept until then.
   */
  tell(listener: () => void): void {
    if (this.closing) listener();
    else this.#listeners.add(listener);
  }

  forget(listener: () => void): void {
    this.#listeners.delete(listener);
  }

  /** Not ready any more, so that load balancers turn away; requests are still served. */
  drain(): void {
    if (this.#state === 'serving') this.#state = 'draining';
  }

  close(): void {
    this.#state = 'closing';
    for (const listener of this.#listeners) listener();
    this.#listeners.clear();
  }
}

/** While draining, connections are closed after their answer; once closing, only an explanation is given. */
export function followLifecycle(app: FastifyInstance): void {
  app.decorate('lifecycle', new Lifecycle());
  const close = closeInTime(app.server);
  app.addHook('onRequest', (_request, reply, done) => {
    if (app.lifecycle.ready) return done();
    reply.header('connection', 'close');
    done(app.lifecycle.closing ? new Problem('shutting-down', 'this replica is closing', { headers: { 'retry-after': '1' } }) : undefined);
  });
  app.addHook('preClose', (done) => {
    app.lifecycle.close();
    close();
    done();
  });
}
