import { parseArgs } from 'node:util';
import { largeRequest, SEED_REPLY, SEED_REQUEST, TOKENS, WIDTH } from './load/requests.ts';
import { alternate, expectReply, type Round, type Target } from './load/round.ts';
import { ServerProcess } from './load/server-process.ts';
import { againstAim, cells, heading, table } from './report/markdown.ts';
import { ratios, spread } from './report/statistics.ts';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '15' },
    seconds: { type: 'string', default: '1' },
    /** `small` or `large`: that half alone. */
    only: { type: 'string' },
    /** A folder for a CPU profile of the service; the figures are then worth nothing. */
    profile: { type: 'string' },
  },
});
const rounds = Number(options.rounds);
const seconds = Number(options.seconds);
const command = `node http.ts --rounds ${rounds} --seconds ${seconds}`;

await using servers = new AsyncDisposableStack();
const start = async (name: string, nodeOptions: readonly string[] = []): Promise<ServerProcess> =>
  servers.adopt(await ServerProcess.start(name, nodeOptions), (server) => server.stop());

const service = await start('service', options.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${options.profile}`]);
const bare = await start('bare-route');
const parseOnly = await start('parse-only');

if (options.only !== 'large') await smallRequests();
if (options.only !== 'small') await largeRequests();

/** The seed's request: what the service adds to the framework, and what the lesson adds to the service. */
async function smallRequests(): Promise<void> {
  const small = { bodies: [SEED_REQUEST], connections: 10 };
  const targets: Target[] = [
    { name: 'service, `POST /attention`', server: service, path: '/attention', ...small },
    { name: '(a) bare Fastify route, JSON in, constant object out', server: bare, path: '/attention', ...small },
    { name: '(b) constant reply behind the service’s hooks', server: service, path: '/constant/reply', ...small },
  ];
  console.log(heading('The seed’s request, requests a second', command));
  for (const target of targets) await expectReply(target, SEED_REPLY);
  const [lesson = [], plain = [], constant = []] = await alternate(targets, { warmUp: 40_000, rounds, seconds });
  console.log(
    table(
      ['10 connections, pipelining 1', 'median', 'min', 'max', 'server CPU, µs a request', 'core busy'],
      [lesson, plain, constant].map((seen, t) => [targets[t]?.name ?? '', ...cells(spread(seen.map(rate)), 0), ...cpuCells(seen, 1)]),
    ),
  );
  console.log(
    table(
      ['ratio', 'median', 'min', 'max', 'aim', 'reached'],
      [
        againstAim('service / (a), requests a second', ratios(lesson.map(rate), plain.map(rate)), { least: 0.6 }),
        againstAim('service / (b), requests a second', ratios(lesson.map(rate), constant.map(rate)), { least: 0.8 }),
        ['(a) / service, server CPU', ...cells(ratios(plain.map(cpu), lesson.map(cpu)), 2), '', ''],
        ['(b) / service, server CPU', ...cells(ratios(constant.map(cpu), lesson.map(cpu)), 2), '', ''],
      ],
    ),
  );
}

/** A body of 65,536 numbers and one query, one after the other: what the service adds to receiving and parsing it. */
async function largeRequests(): Promise<void> {
  const bodies = [1, 2, 3, 4].map(largeRequest);
  const large = { bodies, connections: 1 };
  const targets: Target[] = [
    { name: 'service, `POST /attention`', server: service, path: '/attention', ...large },
    { name: 'receives it and JSON.parses it (node:http)', server: parseOnly, path: '/', ...large },
  ];
  console.log(heading(`A body of ${TOKENS}×${WIDTH} numbers (${kilobytes(bodies[0])} kB) and one query, milliseconds a request`, command));
  for (const target of targets) await expectReply(target, /^\{"scores":\[.*"context":\[/);
  const [lesson = [], parsed = []] = await alternate(targets, { warmUp: 500, rounds, seconds });
  console.log(
    table(
      ['1 connection', 'median', 'min', 'max', 'server CPU, µs a request', 'core busy'],
      [lesson, parsed].map((seen, t) => [targets[t]?.name ?? '', ...cells(spread(seen.map(milliseconds)), 2), ...cpuCells(seen, 0)]),
    ),
  );
  console.log(
    table(
      ['ratio', 'median', 'min', 'max', 'aim', 'reached'],
      [
        againstAim('service / parsing, time a request', ratios(lesson.map(milliseconds), parsed.map(milliseconds)), { most: 1.5 }),
        ['service / parsing, server CPU', ...cells(ratios(lesson.map(cpu), parsed.map(cpu)), 2), '', ''],
      ],
    ),
  );
}

function rate({ requests, seconds }: Round): number {
  return requests / seconds;
}

function milliseconds({ requests, seconds }: Round): number {
  return (seconds * 1000) / requests;
}

function cpu({ cpuMicros }: Round): number {
  return cpuMicros;
}

function cpuCells(seen: readonly Round[], digits: number): string[] {
  return [spread(seen.map(cpu)).median.toFixed(digits), `${Math.round(spread(seen.map(({ busy }) => busy)).median * 100)} %`];
}

function kilobytes(body = ''): string {
  return (body.length / 1000).toFixed(0);
}
