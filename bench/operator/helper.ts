import { parentPort, workerData } from 'node:worker_threads';
import type { Choice } from '../../src/engine/kernels/choose.ts';
import { workOn } from '../../src/engine/kernels/job.ts';
import { SimdKernel } from '../../src/engine/kernels/simd.ts';
import { type HelpCall, help } from '../../src/runtime/crew.ts';
import { APART, type Apart } from './subject.ts';

/* A second thread: comes when it is called, as the service's worker threads do (src/runtime/worker.ts). */
const { modules, tile } = workerData as Choice;
const own = new SimdKernel('bench', modules, tile);

parentPort?.on('message', (message: HelpCall | Apart) => {
  if ('apart' in message) {
    APART.run(own);
    const state = new Int32Array(message.apart);
    Atomics.store(state, 0, 1);
    Atomics.notify(state, 0);
    return;
  }
  help(message, () => workOn(message.job, modules, 1));
});
parentPort?.postMessage('ready');
