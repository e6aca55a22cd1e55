import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { streamLines } from './load/line-stream.ts';
import { numbers } from './load/numbers.ts';
import { type CpuSeconds, ServiceProcess } from './load/process.ts';
import { againstAim, cells, heading, loadNow, table } from './report/markdown.ts';
import { ratios, spread } from './report/statistics.ts';

/*
 * An NDJSON stream of lines of 64×64 numbers on two cores and on one, in turn (Linux). The client is on the same cores as the
 * service: with a core of its own it would have another one beside the service's one, and none beside its two. It takes as little as it
 * can, and what it takes counts on both sides; it is told beside what the service takes.
 */
const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '7' }, lines: { type: 'string', default: '1500' } } });
const rounds = Number(options.rounds);
const lines = Number(options.lines);
const load = loadNow();
const next = numbers(1);
const request = { tokens: Array.from({ length: 64 }, () => Array.from({ length: 64 }, () => next() * 2 - 1)), query: 0 };
const line = Buffer.from(`${JSON.stringify(request)}\n`);

/** How one stream went. */
interface Seen {
  readonly rate: number;
  /** Microseconds of CPU time a line. */
  readonly loop: number;
  readonly threads: number;
  readonly client: number;
}

const [one, two] = [await ServiceProcess.start({}, '0'), await ServiceProcess.start({}, '0,1')];
try {
  const [onOne, onTwo]: [Seen[], Seen[]] = [[], []];
  for (let round = -1; round < rounds; round++) {
    const [slow, fast] = [await stream(one, '0'), await stream(two, '0,1')];
    if (round < 0) continue;
    onOne.push(slow);
    onTwo.push(fast);
  }
  console.log(heading('Lines of 64×64 numbers in one stream', `node lines.ts --rounds ${rounds} --lines ${lines}`, load));
  console.log(
    table(
      ['lines a second, client on the same cores', 'median', 'min', 'max', 'CPU a line, µs: event loop', 'all other threads', 'client'],
      [row('on one core', onOne), row('on two cores', onTwo)],
    ),
  );
  const [rate, atMost] = [
    ratios(onTwo.map(rateOf), onOne.map(rateOf)),
    ratios(
      onOne.map(cpuOf),
      onTwo.map((seen) => cpuOf(seen) / 2),
    ),
  ];
  console.log(
    table(
      ['ratio', 'median', 'min', 'max', 'aim', 'reached'],
      [againstAim('two cores / one', rate, { least: 1.8 }), ['the same, if neither core had ever waited', ...cells(atMost, 2), '', '']],
    ),
  );
} finally {
  await one.stop();
  await two.stop();
}

async function stream(service: ServiceProcess, cores: string): Promise<Seen> {
  execFileSync('taskset', ['-a', '-p', '-c', cores, `${process.pid}`]);
  const [before, own, began] = [service.cpu(), process.cpuUsage(), performance.now()];
  await streamLines(service.origin, line, lines);
  const seconds = (performance.now() - began) / 1000;
  const after = service.cpu();
  const { user, system } = process.cpuUsage(own);
  const took = (part: keyof CpuSeconds) => (1e6 * (after[part] - before[part])) / lines;
  return { rate: lines / seconds, loop: took('loop'), threads: took('others'), client: (user + system) / lines };
}

function row(name: string, seen: readonly Seen[]): string[] {
  const median = (part: keyof Seen) => spread(seen.map((one) => one[part])).median.toFixed(0);
  return [name, ...cells(spread(seen.map(rateOf)), 0), median('loop'), median('threads'), median('client')];
}

function rateOf({ rate }: Seen): number {
  return rate;
}

function cpuOf({ loop, threads, client }: Seen): number {
  return loop + threads + client;
}
