import type { Call, Output } from '../../src/engine/call.ts';

/** Whether row (b, h, i) attends to key j, by each of the three ways to exclude it. */
function attends({ axes: { M }, keyRanges: { first, end }, mask, bias }: Call, [b, h, i, j]: readonly [number, number, number, number]): boolean {
  const row = b * M + i;
  const at = (of: { batchStride: number; headStride: number; rowStride: number; keyStride: number }) =>
    b * of.batchStride + h * of.headStride + i * of.rowStride + j * of.keyStride;
  if (j < (first[row] ?? 0) || j >= (end[row] ?? 0)) return false;
  return mask?.data[mask && at(mask)] !== 0 && bias?.data[bias && at(bias)] !== Number.NEGATIVE_INFINITY;
}

/**
 * A call by the formula of the engine's README, in float64, written apart from its steps; the context as [B, H, M, E].
 */
export function byDefinition(call: Call): Record<Output, number[]> & { fullyMasked: number[] } {
  const { axes, query, key, value, scale, softcap, bias, alibi, sink } = call;
  const { B, H, G, M, N, D, E } = axes;
  const out: Record<Output, number[]> = { scores: [], capped: [], logits: [], weights: [], context: [], lse: [], entropy: [], sink_weight: [] };
  const fullyMasked: number[] = [];
  const range = (length: number) => Array.from({ length }, (_, n) => n);
  const element = ({ data, offset, batchStride, headStride, rowStride }: Call['query'], b: number, h: number, r: number, c: number) =>
    data[offset + b * batchStride + h * headStride + r * rowStride + c] ?? Number.NaN;
  for (const b of range(B)) {
    for (const h of range(H)) {
      const g = Math.floor((h * G) / H);
      for (const i of range(M)) {
        const scores = range(N).map((j) => scale * range(D).reduce((sum, c) => sum + element(query, b, h, i, c) * element(key, b, g, j, c), 0));
        const capped = scores.map((score) => (softcap ? softcap * Math.tanh(score / softcap) : score));
        const keys = range(N).filter((j) => attends(call, [b, h, i, j]));
        const logits = range(N).map((j) => {
          if (!keys.includes(j)) return Number.NEGATIVE_INFINITY;
          const added = bias ? (bias.data[b * bias.batchStride + h * bias.headStride + i * bias.rowStride + j * bias.keyStride] ?? Number.NaN) : 0;
          const distance = alibi ? (alibi.slopes[h] ?? Number.NaN) * Math.abs((alibi.positions[b * M + i] ?? Number.NaN) - j) : 0;
          return (capped[j] ?? Number.NaN) + added - distance;
        });
        const sinkExponential = sink ? Math.exp(sink[h] ?? Number.NaN) : 0;
        const sum = keys.reduce((total, j) => total + Math.exp(logits[j] ?? Number.NaN), sinkExponential);
        const weights = logits.map((logit) => (logit === Number.NEGATIVE_INFINITY ? 0 : Math.exp(logit) / sum));
        const sinkWeight = sink ? sinkExponential / sum : 0;
        if (keys.length === 0) fullyMasked.push((b * H + h) * M + i);
        out.scores.push(...scores);
        out.capped.push(...capped);
        out.logits.push(...logits);
        out.weights.push(...weights);
        out.context.push(...range(E).map((e) => keys.reduce((total, j) => total + (weights[j] ?? 0) * element(value, b, g, j, e), 0)));
        out.lse.push(Math.log(sum));
        out.entropy.push([...weights, sinkWeight].reduce((bits, p) => (p > 0 ? bits - p * Math.log2(p) : bits), 0));
        out.sink_weight.push(sinkWeight);
      }
    }
  }
  return { ...out, fullyMasked };
}
