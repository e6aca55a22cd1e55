/** Loaded into the real process (node --import) by test/main.test.ts: once it is ready for signals, WebAssembly reads past its memory. */
// AssemblyScript: export function read(): i32 { return load<i32>(0x7ffffff0) }
const MODULE = Buffer.from(
  '0061736d010000000105016000017f03020100050301000107110204726561640000066d656d6f727902000a0d010b0041f0ffffff072802000b',
  'hex',
);
const FAULTS = ['SIGSEGV', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGABRT', 'SIGTRAP'] as const;

const ready = setInterval(() => {
  if (process.rawListeners('SIGTERM').length === 0) return;
  clearInterval(ready);
  const { read } = new WebAssembly.Instance(new WebAssembly.Module(MODULE), {}).exports as { read: () => number };
  process.stdout.write(`heard: ${FAULTS.filter((signal) => process.listeners(signal).length > 0).join(' ') || 'none'}\n`);
  try {
    read();
  } catch (error) {
    process.stdout.write(`trapped: ${error instanceof WebAssembly.RuntimeError}\n`);
  }
}, 20);
