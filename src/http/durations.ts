import { Histogram, type HistogramConfiguration, type LabelValues } from 'prom-client';

/** Upper bounds, in seconds: from a small answer on the event loop to REQUEST_TIMEOUT_MS. */
const BOUNDS = [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** How often something took how long, in plain numbers: an update of prom-client's own histogram costs a hundred times more. */
export class Durations {
  readonly #counts = new Float64Array(BOUNDS.length + 1);
  #sum = 0;

  add(ms: number): void {
    const seconds = ms / 1000;
    let at = 0;
    while (at < BOUNDS.length && seconds > (BOUNDS[at] ?? 0)) at++;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#sum += seconds;
  }

  /** The series of a Prometheus histogram: how many took at most each bound, the sum, and the count. */
  series(name: string, labels: Labels): Series[] {
    let count = 0;
    const buckets = [...this.#counts].map((counted, at) => {
      count += counted;
      return { metricName: `${name}_bucket`, labels: { le: BOUNDS[at] ?? '+Inf', ...labels }, sharedLabels: {}, value: count };
    });
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels, sharedLabels: {}, value: this.#sum },
      { metricName: `${name}_count`, labels, sharedLabels: {}, value: count },
    ];
  }
}

type Labels = LabelValues<string>;

interface Series {
  readonly metricName: string;
  readonly labels: Labels;
  /** prom-client wants them here too. */
  readonly sharedLabels: object;
  readonly value: number;
}

/** The durations of each labelling, at this moment. */
export type Labelled<Label extends string, Value> = () => Iterable<readonly [LabelValues<Label>, Value]>;

/** A histogram that is made of durations when it is asked for, and costs nothing before. */
export class DurationHistogram<Label extends string> extends Histogram<Label> {
  readonly #configuration: HistogramConfiguration<Label>;
  readonly #durations: Labelled<Label, Durations>;

  constructor(configuration: HistogramConfiguration<Label>, durations: Labelled<Label, Durations>) {
    super(configuration);
    this.#configuration = configuration;
    this.#durations = durations;
  }

  /** What the registry calls for its text, in place of prom-client's own. */
  async getForPromString(): Promise<object> {
    const { name, help } = this.#configuration;
    const values = [...this.#durations()].flatMap(([labels, durations]) => durations.series(name, labels));
    return { name, help, type: 'histogram', aggregator: 'sum', values };
  }
}
