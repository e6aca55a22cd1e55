import { METHODS } from 'node:http';
import type { FailureCode } from '../engine/failure.ts';
import type { Facts } from '../runtime/question.ts';
import { Durations } from './durations.ts';
import { PROBLEMS } from './problems.ts';

/** What a path that no route has, and a method that the parser does not know, are called: labels are few, whatever is sent. */
export const OTHER = 'other';

/** The stages of a request, from its first byte to the last of its reply. */
const STAGES = ['receive', 'queue', 'decode', 'compute', 'encode', 'send'] as const;
type StageName = (typeof STAGES)[number];

interface Count {
  count: number;
}

/** The requests of one route. */
export interface RouteTally {
  readonly durations: Durations;
  /** By method, then by status. */
  readonly counts: Map<string, Map<number, Count>>;
}

/** What has happened since the start, in plain numbers that a request adds to. What Prometheus reads is made of them at the scrape (`exposition.ts`). */
export class Metrics {
  readonly routes = new Map<string, RouteTally>();
  readonly failures = new Map(Object.keys(PROBLEMS).map((code) => [code as FailureCode, { count: 0 }]));
  readonly stages = Object.fromEntries(STAGES.map((stage) => [stage, new Durations()])) as Readonly<Record<StageName, Durations>>;
  /** How long what is not answered at once waited for a thread. */
  readonly waits = new Durations();
  /** Multiply-adds. */
  work = 0;
  /** Lines of NDJSON streams. */
  lines = 0;

  /** A reply whose last byte is out. */
  request(route: string, method: string, status: number, ms: number): void {
    this.tally(route, method, status).durations.add(ms);
  }

  /** A reply of which nobody knows when its request began: to what was none, say. */
  tally(route: string, method: string, status: number): RouteTally {
    const tally = entry(this.routes, route, newTally);
    entry(entry(tally.counts, method, newStatuses), status, newCount).count++;
    return tally;
  }

  failure(code: FailureCode): void {
    entry(this.failures, code, newCount).count++;
  }

  /** An answer: of a request, or of a line. */
  answer({ work, where, stages: { queue, decode, compute, encode } }: Facts): void {
    this.work += work;
    this.stages.queue.add(queue);
    this.stages.decode.add(decode);
    this.stages.compute.add(compute);
    this.stages.encode.add(encode);
    // What is answered at once does not wait; among its zeros the waits of the others would be lost.
    if (where === 'worker') this.waits.add(queue);
  }
}

/** The method as a label. */
export function methodLabel(method: string): string {
  return METHODS.includes(method) ? method : OTHER;
}

function entry<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const there = map.get(key);
  if (there !== undefined) return there;
  const made = make();
  map.set(key, made);
  return made;
}

const newCount = (): Count => ({ count: 0 });
const newStatuses = () => new Map<number, Count>();
const newTally = (): RouteTally => ({ durations: new Durations(), counts: new Map() });
