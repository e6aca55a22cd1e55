import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { parsedBytes, parsedMs } from '../src/wire/parsed-bytes.ts';
import { structureOf } from '../src/wire/structure.ts';
import { heading, table } from './report/markdown.ts';

/*
 * What JSON.parse holds at most for a text of many small items, and how long it takes, and what src/wire/parsed-bytes.ts reckons with: resident
 * memory, each text in a process of its own (Linux). Numbers are not reckoned with in the time.
 */
const ITEMS = ['[]', '{}', '[1]', '[[]]', '{"9":1}', '{"99999":1}', '1', '1.5', '0.123456789'];
const { values: options } = parseArgs({ options: { megabytes: { type: 'string', default: '20' }, item: { type: 'string' } } });

function resident(field: 'VmRSS' | 'VmHWM'): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024;
}

/** Bytes held for a byte, at most, and what is reckoned with; milliseconds, and what is reckoned with. */
function measured(item: string): readonly [number, number, number, number] {
  const times = Math.floor((Number(options.megabytes) * 1e6) / (item.length + 1));
  const text = Buffer.concat([Buffer.from('['), Buffer.alloc(times * (item.length + 1) - 1, `${item},`), Buffer.from(']')]);
  const structure = structureOf(text, 64);
  const reckoned = parsedBytes(text, structure) / text.length;
  // From here on the greatest resident memory is counted anew.
  writeFileSync('/proc/self/clear_refs', '5');
  const before = resident('VmRSS');
  const began = performance.now();
  JSON.parse(text.toString());
  const took = performance.now() - began;
  return [(resident('VmHWM') - before) / text.length, reckoned, took, parsedMs(structure)];
}

if (options.item !== undefined) console.log(JSON.stringify(measured(options.item)));
else {
  console.log(heading('What JSON.parse holds for a byte, and how long it takes', `node parsed.ts --megabytes ${options.megabytes}`));
  const rows = ITEMS.map((item) => {
    const words = [fileURLToPath(import.meta.url), '--megabytes', options.megabytes, '--item', item];
    const [held, reckoned, took, thought] = JSON.parse(execFileSync(process.execPath, words, { encoding: 'utf8' })) as ReturnType<typeof measured>;
    return [`\`${item},\``, held.toFixed(1), reckoned.toFixed(1), took.toFixed(0), thought.toFixed(0)];
  });
  console.log(table(['items like', 'bytes held for a byte, at most', 'reckoned with', 'ms taken', 'reckoned with'], rows));
}
