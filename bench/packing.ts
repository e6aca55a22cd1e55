import { parseArgs } from 'node:util';
import { brotliCompressSync, constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { chooseCodec, codecOf } from '../src/runtime/codec.ts';
import { numbers } from './load/numbers.ts';
import { heading, loadNow, table } from './report/markdown.ts';
import { spread } from './report/statistics.ts';

/*
 * What packing a reply of numbers takes and saves, at the levels of COMPRESS_REPLIES (src/http/packing.ts): on a link faster
 * than what is saved in the time that it takes, the plain reply is there sooner. CPU time of the thread.
 */
const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '7' } } });
const rounds = Number(options.rounds);
const load = loadNow();
const COUNT = 300_000;
const next = numbers(1);
const { print } = codecOf(chooseCodec('auto'));

const REPLIES = { 'every digit': undefined, '4 decimals': 4 };
const CODINGS = {
  gzip: (plain: Buffer) => gzipSync(plain, { level: 1 }),
  zstd: (plain: Buffer) => zstdCompressSync(plain, { params: { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_windowLog]: 18 } }),
  br: (plain: Buffer) => brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 1, [constants.BROTLI_PARAM_LGWIN]: 18 } }),
};

const rows = Object.entries(REPLIES).flatMap(([name, decimals]) => {
  const data = Float32Array.from({ length: COUNT }, next);
  const reply = ['{"weights":', { data, shape: [COUNT / 1000, 1000], decimals }, '}'];
  const plain = Buffer.from(print(reply));
  const printing = spread(Array.from({ length: rounds }, () => milliseconds(() => print(reply)))).median;
  return Object.entries(CODINGS).map(([coding, pack]) => {
    const packed = pack(plain).length;
    const took = spread(Array.from({ length: rounds }, () => milliseconds(() => pack(plain)))).median;
    // Bits that are not sent for each second of packing.
    const link = ((plain.length - packed) * 8) / (took / 1000) / 1e6;
    return [`${name}, ${coding}`, mega(plain.length), mega(packed), printing.toFixed(1), took.toFixed(1), link.toFixed(0)];
  });
});
console.log(heading(`Packing a reply of ${COUNT} numbers`, `node packing.ts --rounds ${rounds}`, load));
console.log(table(['', 'plain, MB', 'packed, MB', 'printing it, ms', 'packing it, ms', 'worth it on links below, Mbit/s'], rows));

function milliseconds(act: () => unknown): number {
  const before = process.threadCpuUsage();
  act();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
}

function mega(bytes: number): string {
  return (bytes / 1e6).toFixed(2);
}
