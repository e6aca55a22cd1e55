import { writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

/*
 * Loaded into the service's process before it starts (`--import`): how late its event loop comes, looked at each millisecond, in the file that
 * EVENT_LOOP_FILE names. The service's own metric looks each 10 ms, and counts these 10 ms too.
 */
const RESOLUTION_MS = 1;
const START_MS = 3000;
const LOOK_MS = 500;

const file = process.env['EVENT_LOOP_FILE'];
if (isMainThread && file !== undefined) {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  setTimeout(() => delay.reset(), START_MS).unref();
  const late = (share: number) => delay.percentile(share) / 1e6 - RESOLUTION_MS;
  setInterval(() => writeFileSync(file, JSON.stringify({ p50: late(50), p99: late(99), samples: delay.count })), LOOK_MS).unref();
}
