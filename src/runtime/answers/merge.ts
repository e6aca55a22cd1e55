import { mergeAndProject } from '../../engine/merge.ts';
import { mergeReply } from '../../wire/merge-reply.ts';
import { readMergeRequest } from '../../wire/merge-request.ts';
import type { JsonReader } from '../../wire/numbers/number-reader.ts';
import { costOf, PRINTED_BYTES } from '../cost.ts';
import { refuseReply, refuseWork } from '../limits.ts';
import type { Means, QuestionOf, Task } from '../question.ts';
import { readJsonBody } from './body.ts';

/** Attention over all keys from attention over parts of them. */
export function merge({ body }: QuestionOf<'merge'>, { codec, limits, makeRoom }: Means, reader?: JsonReader): Task {
  const order = readMergeRequest(readJsonBody(body, reader, 'always', makeRoom));
  const { parts, m, heads, output } = order;
  const inputs = parts[0]?.context.columns ?? 0;
  const columns = output.weight?.columns ?? inputs;
  const projected = output.weight ? m * inputs * columns : 0;
  const work = m * inputs * parts.length + projected;
  const numbers = m * columns + heads * m;
  refuseWork(work, limits, 'parts·m·width, and the projection');
  refuseReply(numbers, limits);
  return {
    sizes: { parts: parts.length, H: heads, M: m, E: inputs / heads },
    work,
    cost: costOf(
      {
        work: 0,
        pairs: parts.length * m * heads,
        merged: parts.length * m * inputs,
        projected,
        projectedIn: output.weight ? m * inputs : 0,
        projectedOut: output.weight || output.bias ? m * columns : 0,
        moved: numbers,
        printed: numbers,
        rounded: order.decimals === undefined ? 0 : numbers,
      },
      'float64',
      codec.name,
    ),
    holds: 8 * m * (inputs + columns) + PRINTED_BYTES * numbers,
    carryOut(computed) {
      const merged = mergeAndProject(parts, m, heads, output);
      computed?.();
      return { body: codec.print(mergeReply(merged, order)) };
    },
  };
}
