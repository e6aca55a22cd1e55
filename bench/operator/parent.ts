/** Sends to the process that started this one, and lets go of it. */
export function tellParent(message: unknown): void {
  if (!process.send) throw new Error('this is started by operator.ts, with a channel to it');
  process.send(message);
  process.disconnect?.();
}
