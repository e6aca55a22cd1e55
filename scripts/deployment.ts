import { build, FOLDERS, isInstalled } from './deployment/manifests.ts';
import { expressionsIn, promtoolFaults, rulesOf } from './deployment/rules.ts';
import { faults } from './deployment/validate.ts';

/**
 * Checks deploy/ without a cluster: kubectl builds every kustomization, the API's schemas and types judge what comes out, promtool tests the
 * rules and parses every expression.
 */
const missing = ['kubectl', 'promtool'].filter((program) => !isInstalled(program));
if (missing.length > 0) {
  // Where the check must be whole, .ci/run has installed them.
  process.stderr.write(`deploy/ is not checked: ${missing.join(' and ')} missing (Debian's kubernetes-client and prometheus)\n`);
  process.exit(process.env['CI'] === 'true' ? 1 : 0);
}

const built = FOLDERS.map((folder) => ({ folder, manifests: build(folder) }));
const all = built.flatMap(({ manifests }) => manifests);
const wrong = [
  ...built.flatMap(({ folder, manifests }) => faults(manifests).map((fault) => `${folder}: ${fault}`)),
  ...promtoolFaults(rulesOf(all), expressionsIn(all), 'test/deploy/alerts.test.yaml'),
];
for (const fault of wrong) process.stderr.write(`${fault}\n`);
process.exit(wrong.length > 0 ? 1 : 0);
