import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { expressionsIn } from '../../scripts/deployment/rules.ts';
import { ENDLESS } from '../http/occupied.ts';
import { useService } from '../http/service.ts';

/*
 * What deploy/ asks Prometheus for, held against what a running service says: a metric, a label or a bucket that is
 * renamed on one side alone makes an alert silent and a panel empty.
 */
const monitoring = 'deploy/kubernetes/overlays/monitoring';
/** Labels that Prometheus adds to what it scrapes. */
const ADDED = ['job', 'pod'];
const OURS = /\b((?:attention|nodejs|process)_\w+)(?:\{([^}]*)\})?/g;

const manifests = readdirSync('deploy', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.yaml') && !name.endsWith('kustomization.yaml'))
  .map((name) => parse(readFileSync(join('deploy', name), 'utf8')));
const dashboard = JSON.parse(readFileSync(`${monitoring}/dashboard.json`, 'utf8'));
const expressions = expressionsIn([...manifests, dashboard]);

/** A series, or what selects some: a name, and labels with what they must be. */
interface Selector {
  readonly name: string;
  readonly labels: readonly { readonly label: string; readonly operator: string; readonly value: string }[];
}

// A deadline so short that it is missed: a POST has to fail with a 503, for there to be such a series.
const service = useService({ THREADS: '1', ENGINE: 'reference', REQUEST_TIMEOUT_MS: '300' });
let scraped: readonly Selector[] = [];

beforeAll(async () => {
  const tokens = (n: number) => ({ tokens: Array.from({ length: n }, (_, i) => [i / n]), include: ['lse'] });
  await service.ask(tokens(2));
  await service.ask(`${JSON.stringify(tokens(2))}\n`, { headers: { 'content-type': 'application/x-ndjson' } });
  await service.ask({}, { path: '/v2/models/attention/infer' });
  await service.get('/readyz');
  expect((await service.ask(ENDLESS)).status).toBe(503);
  const { text } = await service.get('/metrics');
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  scraped = lines.flatMap((line) => selectorsIn(line.slice(0, line.lastIndexOf(' '))));
});

/** Every selector of a metric of the service in a text. */
function selectorsIn(text: string): Selector[] {
  return [...text.matchAll(OURS)].map(([, name = '', labels = '']) => ({
    name,
    labels: [...labels.matchAll(/(\w+)(=~|!~|!=|=)"([^"]*)"/g)].map(([, label = '', operator = '', value = '']) => ({ label, operator, value })),
  }));
}

/** Whether a series that was scraped is selected. */
function selects({ name, labels }: Selector, series: Selector): boolean {
  const of = new Map(series.labels.map(({ label, value }) => [label, value]));
  return (
    series.name === name &&
    labels.every(({ label, operator, value }) => {
      const got = of.get(label);
      if (ADDED.includes(label)) return got === undefined;
      if (got === undefined) return false;
      if (operator === '=') return got === value;
      if (operator === '=~') return new RegExp(`^(?:${value})$`).test(got);
      throw new Error(`no expression here has used ${operator} so far`);
    })
  );
}

const found = (selector: Selector) => scraped.some((series) => selects(selector, series));
const written = ({ name, labels }: Selector) => `${name}{${labels.map(({ label, operator, value }) => `${label}${operator}"${value}"`).join(',')}}`;

describe('what is asked of Prometheus', () => {
  test('by rules, dashboard and KEDA is what the service says, by name and by label', () => {
    const asked = expressions.flatMap(selectorsIn);
    expect(expressions.length).toBeGreaterThan(30);
    expect(asked.length).toBeGreaterThan(25);
    expect(asked.filter((selector) => !found(selector)).map(written)).toEqual([]);
  });

  test('is grouped by labels that the series have', () => {
    for (const expression of expressions) {
      const names = selectorsIn(expression).map(({ name }) => name);
      const there = scraped.filter(({ name }) => names.includes(name)).flatMap(({ labels }) => labels.map(({ label }) => label));
      const by = [...expression.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, labels = '']) => labels.split(',').map((label) => label.trim()));
      expect([...ADDED, ...there], expression).toEqual(expect.arrayContaining(by));
    }
  });

  test('in the tests of the alerts is made up of series that the service has', () => {
    const { tests } = parse(readFileSync('test/deploy/alerts.test.yaml', 'utf8'));
    const series: Selector[] = tests.flatMap(({ input_series }: { input_series: { series: string }[] }) =>
      input_series.flatMap(({ series: text }) => selectorsIn(text)),
    );
    expect(series.length).toBeGreaterThan(15);
    // Which statuses there are depends on what was asked; every other label has its values, buckets among them.
    const known = series.map(({ name, labels }) => ({ name, labels: labels.filter(({ label }) => label !== 'status') }));
    expect(known.filter((one) => !found(one)).map(written)).toEqual([]);
  });
});
