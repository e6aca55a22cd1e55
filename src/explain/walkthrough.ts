import type { Kernel } from '../engine/kernels/kernel.ts';
import { attendTokens, type TokenAttention } from '../engine/token-attention.ts';
import type { TokenSizes } from '../engine/token-outputs.ts';
import { closing } from './closing.ts';
import { context, outputProjection } from './context.ts';
import { heads, inputs, lengths, scale } from './inputs.ts';
import { alibi, bias, mask, sink, softcap } from './logits.ts';
import { rotations, sinusoids } from './positions.ts';
import { projections } from './projections.ts';
import { Recording } from './recording.ts';
import { scores } from './scores.ts';
import { tell } from './story.ts';
import { weights } from './weights.ts';

/** The walk-through and the trace are for reading: at most so many query rows, and so many keys. */
export const MOST_WALKED = { rows: 64, keys: 256 } as const;

const WRITTEN_OF_VECTOR = 8;

/** About how many numbers the text has; wide vectors are shortened in it. */
export function writtenNumbers({ h, m, n, d_k, d_v }: TokenSizes): number {
  return h * m * n * (3 * Math.min(d_k, WRITTEN_OF_VECTOR) + 2 * Math.min(d_v, WRITTEN_OF_VECTOR) + 8);
}

/** The steps in the order in which they are computed; a step that does not apply is an empty text. */
const STEPS = [
  inputs,
  sinusoids,
  projections,
  heads,
  rotations,
  lengths,
  scale,
  scores,
  softcap,
  bias,
  alibi,
  mask,
  sink,
  weights,
  context,
  outputProjection,
  closing,
];

/**
 * The attention in words and numbers, as Markdown that reads well in a terminal too. `include` plays no part.
 * @throws ZeroVectors, ArithmeticOverflow
 */
export function walkThrough(attention: TokenAttention, labels: readonly string[] | undefined, kernel: Kernel, checkpoint?: () => void): string {
  const recording = new Recording();
  const told: TokenAttention = { ...attention, include: new Set(['weights', 'context', 'sink_weight']) };
  const result = attendTokens(told, kernel, checkpoint, recording);
  const story = tell(told, labels, recording, result);
  const sections = STEPS.map((step) => step(story)).filter((text) => text !== '');
  return `# Attention, step by step\n\n${sections.join('\n\n')}\n`;
}
