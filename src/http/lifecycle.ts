import type { FastifyInstance } from 'fastify';
import { Failure } from '../engine/failure.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** Of the service that the instance belongs to. */
    readonly attentionLifecycle: Lifecycle;
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
export function followLifecycle(app: FastifyInstance, lifecycle: Lifecycle): void {
  app.decorate('attentionLifecycle', lifecycle);
  app.addHook('onRequest', (_request, reply, done) => {
    if (lifecycle.ready) return done();
    reply.header('connection', 'close');
    done(lifecycle.closing ? new Failure('shutting-down', 'this replica is closing') : undefined);
  });
  app.addHook('preClose', (done) => {
    lifecycle.close();
    done();
  });
}
