import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ScaledObject } from '@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject';
import { PrometheusRule } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule';
import { ServiceMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap';
import { Service } from 'kubernetes-models/v1/Service';
import type { Manifest } from './manifests.ts';

interface Model {
  new (data: never): { validate(): void };
}

/** The kinds that are checked whole: by the API's schema when run, and by its type for members that the schema does not know. */
const KINDS: Readonly<Record<string, readonly [Model, module: string]>> = {
  'v1/ConfigMap': [ConfigMap, 'kubernetes-models/v1/ConfigMap'],
  'v1/Service': [Service, 'kubernetes-models/v1/Service'],
  'apps/v1/Deployment': [Deployment, 'kubernetes-models/apps/v1/Deployment'],
  'autoscaling/v2/HorizontalPodAutoscaler': [HorizontalPodAutoscaler, 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler'],
  'networking.k8s.io/v1/NetworkPolicy': [NetworkPolicy, 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy'],
  'policy/v1/PodDisruptionBudget': [PodDisruptionBudget, 'kubernetes-models/policy/v1/PodDisruptionBudget'],
  'keda.sh/v1alpha1/ScaledObject': [ScaledObject, '@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject'],
  'monitoring.coreos.com/v1/PrometheusRule': [PrometheusRule, '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule'],
  'monitoring.coreos.com/v1/ServiceMonitor': [ServiceMonitor, '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor'],
};
/** No package has KServe's schemas: of these kinds the containers are checked, as a Deployment's. */
const WITHOUT_SCHEMA = new Set(['serving.kserve.io/v1alpha1/ClusterServingRuntime', 'serving.kserve.io/v1beta1/InferenceService']);

/** What is wrong with these manifests, by the schemas and the types of the Kubernetes API; empty where nothing is. */
export function faults(manifests: readonly Manifest[]): string[] {
  const known = manifests.flatMap((manifest) => (WITHOUT_SCHEMA.has(kindOf(manifest)) ? asDeployment(manifest) : [manifest]));
  const unknown = known
    .filter((manifest) => !KINDS[kindOf(manifest)])
    .map((manifest) => `${kindOf(manifest)} is a kind that no schema here describes`);
  return [...unknown, ...known.flatMap(schemaFaults), ...typeFaults(known)];
}

const kindOf = ({ apiVersion, kind }: Manifest) => `${apiVersion}/${kind}`;

function schemaFaults(manifest: Manifest): string[] {
  const model = KINDS[kindOf(manifest)]?.[0];
  if (!model) return [];
  try {
    new model(manifest as never).validate();
    return [];
  } catch (error) {
    return [`${manifest.kind} ${manifest.metadata.name}: ${error instanceof Error ? error.message : error}`];
  }
}

/** The schemas let unknown members pass; the compiler does not, in a literal. */
function typeFaults(manifests: readonly Manifest[]): string[] {
  const lines = manifests.flatMap((manifest, index) => {
    const module = KINDS[kindOf(manifest)]?.[1];
    return module
      ? [`import type { I${manifest.kind} as I${index} } from '${module}'; export const m${index}: I${index} = ${JSON.stringify(manifest)};`]
      : [];
  });
  // Inside the project, so that the packages are found.
  const folder = mkdtempSync(join('node_modules', '.manifests-'));
  try {
    writeFileSync(join(folder, 'manifests.ts'), lines.join('\n'));
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    const options = [
      '--noEmit',
      '--strict',
      '--exactOptionalPropertyTypes',
      '--skipLibCheck',
      '--module',
      'nodenext',
      '--types',
      '',
      '--pretty',
      'false',
    ];
    execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '--ignoreConfig', ...options, join(folder, 'manifests.ts')], {
      encoding: 'utf8',
    });
    return [];
  } catch (error) {
    const { stdout } = error as { stdout?: string };
    if (!stdout) throw error;
    return stdout.trim().split('\n');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The pod of a ClusterServingRuntime, in a kind that has a schema. */
function asDeployment(manifest: Manifest & { readonly spec?: { readonly containers?: unknown } }): Manifest[] {
  const containers = manifest.spec?.containers;
  if (containers === undefined) return [];
  const labels = { of: manifest.metadata.name };
  const spec = { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } };
  return [{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: manifest.metadata, ...{ spec } }];
}
