/** What waits and works at this moment, for whoever looks. */
export interface Pending {
  /** Bytes that admitted requests hold. */
  readonly bytes: number;
  /** Multiply-adds of the requests that are admitted and not answered. */
  readonly work: number;
  /** Requests that wait for a thread. */
  readonly queueLength: number;
  readonly busyThreads: number;
}
