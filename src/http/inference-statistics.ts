import { MODEL } from '../runtime/answers/inference.ts';
import type { StageTimes } from '../runtime/question.ts';

/** How often something happened, and how long it took in all, as Triton says it. */
interface Duration {
  readonly count: number;
  readonly ns: number;
}

const KINDS = ['success', 'fail', 'queue', 'compute_input', 'compute_infer', 'compute_output', 'cache_hit', 'cache_miss'] as const;
type Kind = (typeof KINDS)[number];

/** What was asked of the model since the process started, in Triton's statistics extension: plain numbers, added to by each request. */
export class InferenceStatistics {
  readonly #counts = new Map<Kind, { count: number; ms: number }>(KINDS.map((kind) => [kind, { count: 0, ms: 0 }]));
  #last = 0;

  /** A request that was answered, and what each stage of it took. */
  succeeded({ queue, decode, compute, encode }: StageTimes): void {
    this.#add('success', queue + decode + compute + encode);
    this.#add('queue', queue);
    this.#add('compute_input', decode);
    this.#add('compute_infer', compute);
    this.#add('compute_output', encode);
  }

  failed(ms: number): void {
    this.#add('fail', ms);
  }

  #add(kind: Kind, ms: number): void {
    const sum = this.#counts.get(kind);
    if (!sum) return;
    sum.count++;
    sum.ms += ms;
    this.#last = Date.now();
  }

  /** The reply to `GET /v2/models/attention/stats`. */
  reply(): object {
    const durations = Object.fromEntries([...this.#counts].map(([kind, sum]) => [kind, said(sum)])) as Record<Kind, Duration>;
    const { success, compute_input, compute_infer, compute_output } = durations;
    return {
      model_stats: [
        {
          name: MODEL.name,
          version: MODEL.version,
          last_inference: this.#last,
          inference_count: success.count,
          execution_count: success.count,
          inference_stats: durations,
          // Nothing is joined: each execution is of one request.
          batch_stats: success.count > 0 ? [{ batch_size: 1, compute_input, compute_infer, compute_output }] : [],
        },
      ],
    };
  }
}

function said({ count, ms }: { count: number; ms: number }): Duration {
  return { count, ns: Math.round(ms * 1e6) };
}
