import { attendTokens, tokenSizes } from '../../engine/token-attention.ts';
import { Recording } from '../../explain/recording.ts';
import { traceReply } from '../../explain/trace-reply.ts';
import { MOST_WALKED } from '../../explain/walkthrough.ts';
import { attentionReply } from '../../wire/attention-reply.ts';
import { DOUBLES, readAttentionRequest } from '../../wire/attention-request.ts';
import type { JsonReader } from '../../wire/numbers/number-reader.ts';
import { costOf, paceOf, tokenHolds, tokenLoad } from '../cost.ts';
import { axesOf, refuseShown, refuseTooMuch, traceNumbersOf } from '../limits.ts';
import type { Means, QuestionOf, Task } from '../question.ts';
import { readJsonBody } from './body.ts';
import { pointingAtZeroVectors } from './zero-vectors.ts';

/** Attention over tokens, as JSON. */
export function attention({ body }: QuestionOf<'attention'>, { kernel, codec, limits, makeRoom, checkpoint }: Means, reader?: JsonReader): Task {
  const order = readAttentionRequest(readJsonBody(body, reader, DOUBLES, makeRoom));
  const { attention: asked, printing } = order;
  const sizes = tokenSizes(asked);
  const traced = printing.include.includes('trace');
  if (traced) refuseShown(sizes, MOST_WALKED, 'the trace');
  const { work, numbers } = refuseTooMuch(asked, limits, traced ? traceNumbersOf(sizes) : 0);
  return {
    sizes: axesOf(sizes),
    work,
    cost: costOf(tokenLoad(asked, numbers, printing.decimals), paceOf(kernel, asked.precision), codec.name),
    holds: tokenHolds(asked, numbers),
    carryOut(computed) {
      const recording = traced ? new Recording() : undefined;
      const result = pointingAtZeroVectors(order, () => attendTokens(asked, kernel, checkpoint, recording));
      const trace = recording && traceReply(recording.call, printing);
      computed?.();
      return { body: codec.print(attentionReply(result, printing, sizes.m, trace)) };
    },
  };
}
