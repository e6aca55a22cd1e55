import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { type Build, type Builds, type Choice, chooseKernel } from '../engine/kernels/choose.ts';
import type { Crew } from '../engine/kernels/job.ts';
import type { Kernel } from '../engine/kernels/kernel.ts';
import { reference } from '../engine/kernels/reference.ts';
import { SimdKernel } from '../engine/kernels/simd.ts';

/** The kernel that runs here, chosen once for all threads. */
export interface ChosenEngine {
  /** For people: which module, which tile, how wide. */
  readonly name: string;
  /** Absent where the reference computes. */
  readonly choice: Choice | undefined;
}

/** What may run: the widest that passes its self-check, the same without experimental flags of V8, or the reference. */
export type EngineSetting = 'auto' | 'simd' | 'reference';

const moduleOf = (name: string) => readFileSync(new URL(`../engine/kernels/${name}.wasm`, import.meta.url));
const buildOf = (name: string): Build => ({ float32: moduleOf(`${name}-f32`), float64: moduleOf(`${name}-f64`) });

/** The builds of the module, as they are committed. */
export const readBuilds = (): Builds => ({ relaxed: buildOf('relaxed'), strict: buildOf('strict') });

/** What has been chosen in this process: the machine does not change, and every service in it computes with the same modules. */
const chosen = new Map<EngineSetting, ChosenEngine>();

/** Checks and measures the kernels on this machine, in some tens of milliseconds, the first time that it is asked. */
export function chooseEngine(setting: EngineSetting): ChosenEngine {
  const known = chosen.get(setting);
  if (known) return known;
  const engine = choose(setting);
  chosen.set(setting, engine);
  return engine;
}

function choose(setting: EngineSetting): ChosenEngine {
  if (setting === 'reference') return { name: reference.name, choice: undefined };
  const choice = chooseKernel(readBuilds(), setting === 'auto' ? setFlagsFromString : undefined);
  return choice ? { name: nameOf(choice), choice } : { name: `${reference.name} (no module passed its self-check)`, choice };
}

function nameOf({ tile, relaxed, revectorised }: Choice): string {
  return `wasm ${tile}${relaxed ? ' relaxed-simd' : ' simd128'}${revectorised ? ' revectorised' : ''}`;
}

/** This thread's own kernel; `mostRedone` as SimdKernel takes it. */
export function kernelOf({ name, choice }: ChosenEngine, crew?: Crew, mostRedone?: number): Kernel {
  return choice ? new SimdKernel(name, choice.modules, choice.tile, { crew, mostRedone }) : reference;
}
