import type { Config } from '../config.ts';
import type { Stages } from '../runtime/stages.ts';
import { Problem } from './problems.ts';

/** @throws Problem `deadline-exceeded` where the answer came too late to be of use */
export function refuseLate({ total }: Stages, { REQUEST_TIMEOUT_MS }: Config): void {
  if (total <= REQUEST_TIMEOUT_MS) return;
  throw new Problem('deadline-exceeded', `the answer took ${Math.round(total)} ms; REQUEST_TIMEOUT_MS is ${REQUEST_TIMEOUT_MS}`, {
    headers: { 'retry-after': '1' },
  });
}
