import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { parseAllDocuments } from 'yaml';

/** Every folder that can be applied. */
export const FOLDERS = ['kubernetes/base', 'kubernetes/overlays/cpu', 'kubernetes/overlays/keda', 'kubernetes/overlays/monitoring', 'kserve'].map(
  (folder) => `deploy/${folder}`,
);

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

/** What `kubectl apply -k folder` would send. */
export function build(folder: string): Manifest[] {
  // Newer kubectl warns that `bases` is an older word; see the kustomizations on why it stands there.
  const text = execFileSync('kubectl', ['kustomize', folder], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  return parseAllDocuments(text).map((document) => {
    if (document.errors[0]) throw document.errors[0];
    return document.toJS();
  });
}

export function isInstalled(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
}
