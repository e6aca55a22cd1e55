import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { request } from 'undici';
import { afterEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { faults } from '../../scripts/deployment/validate.ts';
import { readConfig } from '../../src/config.ts';
import { LAST_WORDS_MS } from '../../src/http/connections.ts';
import { COMPILED } from '../compiled.ts';
import type { Json } from '../http/service.ts';

const base = 'deploy/kubernetes/base';
const overlays = 'deploy/kubernetes/overlays';
const deployment = read(`${base}/deployment.yaml`);
const pod = deployment.spec.template.spec;
const container = pod.containers[0];
const runtime = read('deploy/kserve/cluster-serving-runtime.yaml').spec;
const compose = read('docker-compose.yml').services;

let child: ChildProcess | undefined;
afterEach(() => {
  child?.kill('SIGKILL');
});

describe('deploy/', () => {
  test('the check refuses a misspelt member, a wrong type, a missing one, and a kind that it does not know', () => {
    const misspelt = structuredClone(deployment);
    misspelt.spec.template.spec.containers[0].readinesProbe = {};
    expect(faults([misspelt]).join()).toContain('\'"readinesProbe"\' does not exist');
    const scaled = read(`${overlays}/keda/scaled-object.yaml`);
    expect(faults([{ ...scaled, spec: { ...scaled.spec, pollInterval: 5 } }]).join()).toContain('pollInterval');
    const service = read(`${base}/service.yaml`);
    service.spec.ports[0].port = '80';
    expect(faults([service]).join()).toContain('data/spec/ports/0/port must be integer');
    const budget = read(`${base}/pod-disruption-budget.yaml`);
    expect(faults([{ ...budget, kind: 'PodDisruption' }]).join()).toContain('PodDisruption is a kind that no schema here describes');
    const kserve = read('deploy/kserve/cluster-serving-runtime.yaml');
    kserve.spec.containers[0].imagePullPolicy = 'Sometimes';
    expect(faults([kserve]).join()).toContain('imagePullPolicy');
  });

  test('memory limits hold what admitted requests hold together, and 600 MB', () => {
    for (const { env = [], limit } of [
      { env: container.env, limit: container.resources.limits.memory },
      { env: runtime.containers[0].env, limit: runtime.containers[0].resources.limits.memory },
      { env: [], limit: compose.attention.mem_limit },
    ]) {
      const pending = env.find(({ name }: Json) => name === 'MAX_PENDING_BYTES')?.value ?? 1_073_741_824;
      expect(bytes(limit)).toBeGreaterThanOrEqual(Number(pending) + 600e6);
    }
  });

  test('a replica that is asked to stop has time to drain and to answer before it is ended', () => {
    const drain = (env: Json[]) => Number(env.find(({ name }) => name === 'DRAIN_MS')?.value ?? readConfig({}).DRAIN_MS);
    expect(pod.terminationGracePeriodSeconds * 1000).toBeGreaterThan(drain(container.env) + LAST_WORDS_MS);
    expect(Number.parseInt(compose.attention.stop_grace_period, 10) * 1000).toBeGreaterThan(drain([]) + LAST_WORDS_MS);
  });

  test.each([
    ['Kubernetes', container.env],
    ['KServe', runtime.containers[0].env],
  ])('the settings of %s start the process', async (_, env: Json[]) => {
    const settings = Object.fromEntries(env.map(({ name, value }) => [name, value]));
    child = spawn(process.execPath, ['src/main.ts'], {
      env: { PATH: process.env['PATH'], ...COMPILED, ...settings, PORT: '0', METRICS_PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout?.on('data', (chunk) => {
      said += chunk;
    });
    await expect.poll(() => said, { timeout: 20_000 }).toMatch(/listening at http:\/\/127/);
    const url = /listening at (http:\/\/127[\d.:]+)/.exec(said)?.[1];
    for (const probe of [
      container.livenessProbe,
      container.readinessProbe,
      runtime.containers[0].livenessProbe,
      runtime.containers[0].readinessProbe,
    ]) {
      expect((await request(`${url}${probe.httpGet.path}`)).statusCode).toBe(200);
    }
  });

  test('nothing runs as root, writes to its image, has a capability or a token', () => {
    for (const { securityContext } of [container, runtime.containers[0]]) {
      expect(securityContext).toMatchObject({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } });
    }
    expect(pod).toMatchObject({
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    });
    expect(runtime.containers[0].securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    for (const service of [compose.attention, compose.balancer]) {
      expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
    }
  });

  test('what refers to another thing names one that is there', () => {
    const labels = deployment.spec.template.metadata.labels;
    const ports = container.ports.map(({ name }: Json) => name);
    const service = read(`${base}/service.yaml`);
    const policy = read(`${base}/network-policy.yaml`);
    const monitor = read(`${overlays}/monitoring/service-monitor.yaml`);
    for (const selector of [deployment.spec.selector.matchLabels, service.spec.selector, policy.spec.podSelector.matchLabels])
      expect(labels).toMatchObject(selector);
    expect(labels).toMatchObject(read(`${base}/pod-disruption-budget.yaml`).spec.selector.matchLabels);
    expect(service.metadata.labels).toMatchObject(monitor.spec.selector.matchLabels);
    expect(ports).toEqual(expect.arrayContaining(service.spec.ports.map(({ targetPort }: Json) => targetPort)));
    expect(ports).toEqual(expect.arrayContaining(policy.spec.ingress.flatMap((rule: Json) => rule.ports.map(({ port }: Json) => port))));
    expect(service.spec.ports.map(({ name }: Json) => name)).toContain(monitor.spec.endpoints[0].port);
    for (const scaler of ['cpu/horizontal-pod-autoscaler', 'keda/scaled-object'])
      expect(read(`${overlays}/${scaler}.yaml`).spec.scaleTargetRef.name).toBe(deployment.metadata.name);
    const model = read('deploy/kserve/inference-service.yaml').spec.predictor.model;
    expect(runtime.protocolVersions).toContain(model.protocolVersion);
    expect(runtime.supportedModelFormats).toContainEqual(model.modelFormat);
  });

  test('each alert has its page', () => {
    const pages = readFileSync('docs/OPERATIONS.md', 'utf8')
      .match(/^#+ .*/gm)
      ?.map((title) => title.replace(/^#+ /, '').toLowerCase());
    const rules = read(`${overlays}/monitoring/prometheus-rule.yaml`).spec.groups.flatMap((group: Json) => group.rules);
    for (const { alert, annotations } of rules.filter((rule: Json) => rule.alert)) {
      expect(annotations.runbook).toBe(`docs/OPERATIONS.md#${alert.toLowerCase()}`);
      expect(pages).toContain(alert.toLowerCase());
    }
  });

  test('compose gives the balancer every variable that its configuration reads', () => {
    const read = readFileSync('deploy/balancer/haproxy.cfg', 'utf8').match(/(?<=\$\{)\w+/g);
    expect(Object.keys(compose.balancer.environment).sort()).toEqual([...new Set(read)].sort());
    expect(compose.balancer.volumes).toEqual(['./deploy/balancer/haproxy.cfg:/usr/local/etc/haproxy/haproxy.cfg:ro']);
  });
});

function read(path: string): Json {
  return parse(readFileSync(path, 'utf8'));
}

/** A quantity of Kubernetes or compose, in bytes: compose's g is a GiB too. */
function bytes(quantity: string): number {
  const [, number, unit] = /^(\d+)(Mi|Gi|g)$/.exec(quantity) ?? [];
  if (!number) throw new Error(`${quantity} is no quantity of memory`);
  return Number(number) * (unit === 'Mi' ? 2 ** 20 : 2 ** 30);
}
