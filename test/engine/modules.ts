import type { Builds } from '../../src/engine/kernels/choose.ts';
import type { Modules } from '../../src/engine/kernels/job.ts';
import { readBuilds } from '../../src/runtime/kernel.ts';

const compiled = new Map<keyof Builds, Modules>();

/** The committed modules of a build. */
export function modulesOf(build: keyof Builds): Modules {
  const found = compiled.get(build) ?? compile(build);
  compiled.set(build, found);
  return found;
}

function compile(build: keyof Builds): Modules {
  const { float32, float64 } = readBuilds()[build];
  return { float32: new WebAssembly.Module(new Uint8Array(float32)), float64: new WebAssembly.Module(new Uint8Array(float64)) };
}
