import { expect } from 'vitest';
import { open } from './raw.ts';
import type { Service } from './service.ts';

/** 10¹⁰ pairs, from 400 kB of body: minutes for the reference. */
export const ENDLESS = JSON.stringify({ tokens: Array(100_000).fill([1]), include: ['lse'] });

/**
 * Keeps `threads` threads of a service that computes by the reference at work, until the function that it gives is called. So what a test
 * looks at while threads work stays as it is, however slow the machine. The service's REQUEST_TIMEOUT_MS has to be longer than the test.
 */
export async function occupy(service: Service, threads = 1): Promise<() => Promise<void>> {
  const head = `POST /attention HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${ENDLESS.length}\r\n\r\n`;
  const connections = Array.from({ length: threads }, () => open(service.port, `${head}${ENDLESS}`));
  // The work is known, and taken, once the body has been read.
  await expect.poll(() => service.pending()).toMatchObject({ busyThreads: threads, queueLength: 0, work: threads * 2e10 });
  return async () => {
    for (const { socket } of connections) socket.destroy();
    await expect.poll(() => service.pending().busyThreads).toBeLessThan(threads);
  };
}
