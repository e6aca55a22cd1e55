import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Manifest } from './manifests.ts';

interface Rules {
  readonly groups: readonly { readonly rules: readonly { readonly expr: string }[] }[];
}

/** The rules of the PrometheusRule among these manifests, as Prometheus itself reads them. */
export function rulesOf(manifests: readonly Manifest[]): Rules {
  const rule = manifests.find(({ kind }) => kind === 'PrometheusRule') as (Manifest & { readonly spec: Rules }) | undefined;
  if (!rule) throw new Error('there is no PrometheusRule');
  return rule.spec;
}

/** Every PromQL expression in these manifests: of the rules, of the dashboard's panels, and of KEDA's triggers. */
export function expressionsIn(manifests: readonly Manifest[]): string[] {
  const found: string[] = [];
  const look = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [name, inner] of Object.entries(value)) {
      if ((name === 'expr' || name === 'query') && typeof inner === 'string' && inner !== 'prometheus') found.push(inner);
      else if (name.endsWith('.json') && typeof inner === 'string') look(JSON.parse(inner));
      else look(inner);
    }
  };
  look(manifests);
  return found;
}

/** Runs promtool over the rules, their tests and every expression; what it says where it refuses, else nothing. */
export function promtoolFaults(rules: Rules, expressions: readonly string[], tests: string): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'rules-'));
  try {
    writeFileSync(join(folder, 'rules.yaml'), stringify(rules));
    writeFileSync(join(folder, 'tests.yaml'), readFileSync(tests));
    // promtool reads expressions in rules alone; Grafana fills in its interval.
    const asRules = expressions.map((expr, index) => ({ record: `expression${index}`, expr: expr.replaceAll('$__rate_interval', '5m') }));
    writeFileSync(join(folder, 'expressions.yaml'), stringify({ groups: [{ name: 'expressions', rules: asRules }] }));
    return [
      ['check', 'rules', 'rules.yaml'],
      ['check', 'rules', 'expressions.yaml'],
      ['test', 'rules', 'tests.yaml'],
    ].flatMap((words) => promtool(words, folder));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function promtool(words: readonly string[], cwd: string): string[] {
  try {
    execFileSync('promtool', words, { cwd, encoding: 'utf8', stdio: 'pipe' });
    return [];
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    if (stdout === undefined) throw error;
    return [`promtool ${words.join(' ')}:\n${stdout}${stderr}`];
  }
}
