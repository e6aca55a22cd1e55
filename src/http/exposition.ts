import { Counter, collectDefaultMetrics, Gauge, type LabelValues, Registry } from 'prom-client';
import type { Pending } from '../runtime/pending.ts';
import { version } from '../version.ts';
import { DurationHistogram, type Durations, type Labelled } from './durations.ts';
import type { Metrics } from './metrics.ts';
import type { Traffic } from './traffic.ts';

/** What is asked at the scrape, beside what was counted. */
export interface Sources {
  readonly kernel: string;
  readonly threads: number;
  readonly traffic: Traffic;
  readonly pending: () => Pending;
}

export const EXPOSITION_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

/** Gives, each time, all metrics in Prometheus' text format 0.0.4, with those of Node and the process. */
export function expose(metrics: Metrics, sources: Sources): () => Promise<string> {
  const registry = new Registry();
  countEvents(registry, metrics);
  timeEvents(registry, metrics);
  measureNow(registry, sources);
  return async () => `${await registry.metrics()}\n${await ofTheProcess().metrics()}`;
}

function countEvents(registry: Registry, metrics: Metrics): void {
  counter(
    registry,
    'attention_requests_total',
    'Requests, by the pattern of their route, their method and the status of their reply.',
    ['route', 'method', 'status'],
    () => requests(metrics),
  );
  counter(registry, 'attention_failures_total', 'Failures that clients were told of, those of lines included, by code.', ['code'], () =>
    [...metrics.failures].map(([code, { count }]) => [{ code }, count]),
  );
  counter(
    registry,
    'attention_work_total',
    'Multiply-adds of what was answered, as MAX_WORK counts them.',
    [],
    one(() => metrics.work),
  );
  counter(
    registry,
    'attention_lines_total',
    'Lines of NDJSON streams that were answered, bad ones included.',
    [],
    one(() => metrics.lines),
  );
}

function timeEvents(registry: Registry, metrics: Metrics): void {
  histogram(registry, 'attention_request_duration_seconds', 'From the headers of a request to the last byte of its reply.', ['route'], () =>
    [...metrics.routes].map(([route, { durations }]) => [{ route }, durations]),
  );
  histogram(
    registry,
    'attention_stage_duration_seconds',
    'How long each stage of an answer took; lines of a stream have no receive and no send of their own.',
    ['stage'],
    () => Object.entries(metrics.stages).map(([stage, durations]) => [{ stage }, durations]),
  );
  histogram(
    registry,
    'attention_queue_wait_seconds',
    'How long what is not answered at once waited for a thread.',
    [],
    one(() => metrics.waits),
  );
}

function measureNow(registry: Registry, { kernel, threads, traffic, pending }: Sources): void {
  counter(
    registry,
    'attention_request_bytes_total',
    'Bytes received on the port of the service, as on the wire.',
    [],
    one(() => traffic.received),
  );
  counter(
    registry,
    'attention_reply_bytes_total',
    'Bytes sent on the port of the service, as on the wire.',
    [],
    one(() => traffic.sent),
  );
  gauge(
    registry,
    'attention_pending_work',
    'Multiply-adds of the requests that are admitted and not answered.',
    [],
    one(() => pending().work),
  );
  gauge(
    registry,
    'attention_pending_bytes',
    'Bytes that admitted requests hold.',
    [],
    one(() => pending().bytes),
  );
  gauge(
    registry,
    'attention_queue_length',
    'Requests that wait for a thread.',
    [],
    one(() => pending().queueLength),
  );
  gauge(
    registry,
    'attention_threads',
    'Compute threads.',
    [],
    one(() => threads),
  );
  gauge(
    registry,
    'attention_threads_busy',
    'Compute threads that work.',
    [],
    one(() => pending().busyThreads),
  );
  gauge(
    registry,
    'attention_connections',
    'Open connections.',
    [],
    one(() => traffic.connections),
  );
  gauge(registry, 'attention_info', 'What runs here.', ['version', 'kernel'], () => [[{ version, kernel }, 1]]);
}

type Definition<Label extends string, Value> = [
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly Label[],
  values: Labelled<Label, Value>,
];

function counter<Label extends string>(...definition: Definition<Label, number>): void {
  const made: Counter<Label> = new Counter(
    collected(
      definition,
      () => made,
      (labels, value) => made.inc(labels, value),
    ),
  );
}

function gauge<Label extends string>(...definition: Definition<Label, number>): void {
  const made: Gauge<Label> = new Gauge(
    collected(
      definition,
      () => made,
      (labels, value) => made.set(labels, value),
    ),
  );
}

/** prom-client calls `collect` at the scrape: the values of the last one are forgotten, and those of now set. */
function collected<Label extends string>(
  [registry, name, help, labelNames, values]: Definition<Label, number>,
  made: () => { reset(): void },
  put: (labels: Partial<Record<Label, string | number>>, value: number) => void,
) {
  return {
    name,
    help,
    labelNames,
    registers: [registry],
    collect() {
      made().reset();
      for (const [labels, value] of values()) put(labels, value);
    },
  };
}

function histogram<Label extends string>(...[registry, name, help, labelNames, durations]: Definition<Label, Durations>): void {
  new DurationHistogram({ name, help, labelNames, registers: [registry] }, durations);
}

/** The one value of a metric without labels. */
function one<Value>(value: () => Value): Labelled<never, Value> {
  return () => [[{}, value()]];
}

function* requests({ routes }: Metrics): Generator<readonly [LabelValues<'route' | 'method' | 'status'>, number]> {
  for (const [route, { counts }] of routes)
    for (const [method, statuses] of counts) for (const [status, { count }] of statuses) yield [{ route, method, status }, count];
}

let processRegistry: Registry | undefined;

/** prom-client's own metrics: one set a process, since what they watch with is never let go. */
function ofTheProcess(): Registry {
  if (processRegistry) return processRegistry;
  processRegistry = new Registry();
  collectDefaultMetrics({ register: processRegistry });
  // Gauges that are called totals: promtool refuses their names.
  for (const kind of ['handles', 'requests', 'resources']) processRegistry.removeSingleMetric(`nodejs_active_${kind}_total`);
  return processRegistry;
}
