import type { StageTimes } from '../runtime/question.ts';

/** What decoding, computing and encoding took, as the Server-Timing header says it (W3C Server Timing), in milliseconds. */
export function serverTiming({ decode, compute, encode }: StageTimes): string {
  return `decode;dur=${decode.toFixed(3)}, compute;dur=${compute.toFixed(3)}, encode;dur=${encode.toFixed(3)}`;
}
