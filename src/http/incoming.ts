import type { Readable } from 'node:stream';
import { Failure } from '../engine/failure.ts';
import { freeChunk } from './body.ts';
import { ClientGone } from './gone.ts';
import type { Lifecycle } from './lifecycle.ts';

const GONE = 'the connection closed before the stream was here';

/** Someone waits for the next chunk of a stream. */
interface Waiting {
  readonly resolve: (chunk: Buffer | undefined) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Chunks of a stream, as long as its lines arrive in time: each line has its own, however many chunks it comes in. What
 * a chunk leaves behind when it is read is nothing: its timer is cleared, and no promise but its own waits.
 */
export class Incoming {
  readonly #source: Readable;
  readonly #timeoutMs: number;
  readonly #lifecycle: Lifecycle;
  #waiting: Waiting | undefined;
  /** How the stream ended, once it has; `true` where it did well. */
  #ended: Error | true | undefined;
  #line = 0;
  #waitedMs = 0;

  constructor(source: Readable, timeoutMs: number, lifecycle: Lifecycle) {
    this.#source = source;
    this.#timeoutMs = timeoutMs;
    this.#lifecycle = lifecycle;
    source.pause();
    source.on('data', this.#onData).on('end', this.#onEnd).on('error', this.#onError).on('close', this.#onClose);
    lifecycle.tell(this.#onClosing);
  }

  /**
   * The next chunk, or undefined at the end. Only waiting for it counts, not what we take ourselves.
   * @throws Failure `timeout`, `shutting-down`; ClientGone, and what unpacking throws
   */
  async next(line: number): Promise<Buffer | undefined> {
    if (line !== this.#line) this.#waitedMs = 0;
    this.#line = line;
    const began = performance.now();
    const late = (): void => this.#fail(new Failure('timeout', `the line did not arrive within ${this.#timeoutMs} ms`));
    const timer = setTimeout(late, Math.max(0, this.#timeoutMs - this.#waitedMs));
    try {
      return await new Promise((resolve, reject) => {
        this.#waiting = { resolve, reject };
        if (this.#ended !== undefined) this.#settle();
        else this.#source.resume();
      });
    } finally {
      clearTimeout(timer);
      this.#waitedMs += performance.now() - began;
    }
  }

  /** Nobody looks at a chunk any more. */
  free(chunk: Buffer): void {
    freeChunk(chunk, this.#source);
  }

  /** Nothing more is read, and whoever waits for it learns that the client is gone. What still comes is dropped elsewhere. */
  stop(): void {
    this.#lifecycle.forget(this.#onClosing);
    this.#source.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose);
    this.#ended ??= true;
    this.#fail(new ClientGone(GONE));
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#source.pause();
    this.#waiting?.resolve(chunk);
    this.#waiting = undefined;
  };

  readonly #onEnd = (): void => this.#end(true);
  readonly #onError = (error: Error): void => this.#end(error);
  readonly #onClose = (): void => this.#end(new ClientGone(GONE));
  readonly #onClosing = (): void => this.#end(new Failure('shutting-down', 'this replica is closing; send this line and the rest again'));

  #fail(error: Error): void {
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }

  #end(how: Error | true): void {
    this.#ended ??= how;
    this.#settle();
  }

  #settle(): void {
    if (this.#ended instanceof Error) this.#fail(this.#ended);
    else this.#waiting?.resolve(undefined);
    this.#waiting = undefined;
  }
}
