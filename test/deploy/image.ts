import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, matchesGlob } from 'node:path';
import { parse } from 'yaml';
import { type Started, startProgram } from '../started.ts';

/** The user `node` of Node's images. */
const UID = 1000;

/** A process as the image starts it, as far as this machine lets it be so. */
export interface Contained {
  readonly started: Started;
  /** Which limits hold on it, for the test's words. */
  readonly limits: readonly string[];
  /** Bytes of memory that docker-compose.yml gives it. */
  readonly memory: number;
  /** Bytes that its control group has held at most, pages of files included; undefined where it has none. */
  mostInGroup(): number | undefined;
  /** After its end: what was made for it goes. */
  remove(): void;
}

/**
 * The image's files (what the Dockerfile copies, and the production packages of the lockfile), settings and command, as its
 * user, without capabilities, on a root that can't be written, in a control group with the memory of docker-compose.yml.
 */
export function startAsImage(settings: Record<string, string>): Contained {
  const { env, command } = readDockerfile();
  const memory = memoryOf(parse(readFileSync('docker-compose.yml', 'utf8')).services.attention);
  const folder = mkdtempSync(join(tmpdir(), 'image-'));
  const service = layOut(folder);
  const group = memoryGroup(memory);
  const namespaces = canUnshare();
  const root = process.getuid?.() === 0;
  const limits = [
    group ? `memory: a control group of ${memory} bytes` : 'memory: its high-water mark alone, for no control group can be made here',
    namespaces ? 'root: read-only' : 'root: as it is, for no mount namespace can be made here',
    root ? `user: ${UID}, without capabilities` : 'user: of the tests, who is not root',
  ];
  const steps = [
    ...(group ? [`echo $$ > ${group.path}/cgroup.procs`] : []),
    `cd ${service}`,
    `exec ${namespaces ? 'unshare --mount ' : ''}sh -ec '${inside(folder, { namespaces, root }, command)}'`,
  ];
  const started = startProgram('sh', ['-ec', steps.join('\n')], { env: { ...env, HOST: '127.0.0.1', PORT: '0', ...settings } });
  return {
    started,
    limits,
    memory,
    mostInGroup: () => group?.most(),
    remove: () => {
      group?.remove();
      rmSync(folder, { recursive: true });
    },
  };
}

/** What is done last before the command becomes the process. */
function inside(folder: string, { namespaces, root }: { namespaces: boolean; root: boolean }, command: readonly string[]): string {
  const [program, ...words] = command;
  if (program !== 'node') throw new Error(`the image is started by ${program}, and not by node`);
  const readOnly = [
    `mount --bind ${folder} ${folder}`,
    ...[folder, '/'].map((place) => `mount -o remount,bind,ro ${place}`),
    `cd ${folder}/service`,
    `if touch ${folder}/written 2>/dev/null; then echo "the root can be written" >&2; exit 1; fi`,
  ];
  const rights = `setpriv --reuid ${UID} --regid ${UID} --clear-groups --no-new-privs --bounding-set -all --inh-caps -all `;
  return [...(namespaces ? readOnly : []), `exec ${root ? rights : ''}${folder}/node ${words.join(' ')}`].join('\n');
}

/** The settings and the command of the last stage. */
function readDockerfile(): { env: Record<string, string>; command: readonly string[] } {
  const [, last = ''] = /^FROM \S+\n([\s\S]*)$/m.exec(readFileSync('Dockerfile', 'utf8')) ?? [];
  const [, pairs = ''] = /^ENV (.+)$/m.exec(last) ?? [];
  const [, command = ''] = /^CMD (\[.+\])$/m.exec(last) ?? [];
  if (!/^USER node$/m.test(last)) throw new Error('the image does not run as node');
  return { env: Object.fromEntries(pairs.split(' ').map((pair) => pair.split('=') as [string, string])), command: JSON.parse(command) };
}

function memoryOf({ mem_limit: limit }: { mem_limit: string }): number {
  const [, gibibytes] = /^(\d+)g$/.exec(limit) ?? [];
  if (gibibytes === undefined) throw new Error(`${limit} is no number of GiB`);
  return Number(gibibytes) * 2 ** 30;
}

/** Copies what the image has to where its user may read it. */
function layOut(folder: string): string {
  const service = join(folder, 'service');
  mkdirSync(service, { recursive: true });
  spawnSync('chmod', ['755', folder]);
  const ignored = readFileSync('.dockerignore', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('src'));
  const copied = (path: string) => !ignored.some((pattern) => matchesGlob(path, pattern) || matchesGlob(path, `${pattern}/**`));
  cpSync('src', join(service, 'src'), { recursive: true, filter: copied });
  const { packages }: { packages: Record<string, { dev?: true; optional?: true; devOptional?: true }> } = JSON.parse(
    readFileSync('package-lock.json', 'utf8'),
  );
  for (const [path, { dev, optional, devOptional }] of Object.entries(packages)) {
    if (path === '' || dev || optional || devOptional) continue;
    // Packages inside others come by paths of their own.
    cpSync(path, join(service, path), { recursive: true, filter: (file) => file === path || !file.slice(path.length).includes('node_modules') });
  }
  copyFileSync('package.json', join(service, 'package.json'));
  copyFileSync(process.execPath, join(folder, 'node'));
  return service;
}

function canUnshare(): boolean {
  return spawnSync('unshare', ['--mount', 'true']).status === 0;
}

interface Group {
  readonly path: string;
  most(): number;
  remove(): void;
}

/** A control group with so much memory, below that of the tests; undefined where none can be made. */
function memoryGroup(memory: number): Group | undefined {
  for (const { own, limit, most } of hierarchies()) {
    const path = join(own, `attention-image-${process.pid}`);
    try {
      mkdirSync(path);
    } catch {
      continue; // not there, or not ours to make
    }
    try {
      writeFileSync(join(path, limit), `${memory}`);
      return { path, most: () => Number(readFileSync(join(path, most), 'utf8')), remove: () => rmdirSync(path) };
    } catch {
      rmdirSync(path); // the controller is not handed down
    }
  }
  return undefined;
}

/** Where the groups of the tests are, by the two versions of control groups. */
function hierarchies(): { own: string; limit: string; most: string }[] {
  if (!readdirSync('/proc/self').includes('cgroup')) return [];
  const lines = readFileSync('/proc/self/cgroup', 'utf8').trim().split('\n');
  const placeOf = (controller: string) => lines.map((line) => line.split(':')).find(([, names]) => names?.split(',').includes(controller))?.[2];
  const first = placeOf('memory');
  const second = placeOf('');
  return [
    ...(first === undefined
      ? []
      : [{ own: join('/sys/fs/cgroup/memory', first), limit: 'memory.limit_in_bytes', most: 'memory.max_usage_in_bytes' }]),
    ...(second === undefined ? [] : [{ own: join('/sys/fs/cgroup', second), limit: 'memory.max', most: 'memory.peak' }]),
  ];
}
