import { searchedForms } from '../../diagnose/search.ts';
import { tellingVectors } from '../../diagnose/vectors.ts';
import { tokenSizes } from '../../engine/token-attention.ts';
import { vectorsPytest } from '../../wire/vectors-pytest.ts';
import { vectorsReply } from '../../wire/vectors-reply.ts';
import { readVectorsRequest, type VectorsOrder } from '../../wire/vectors-request.ts';
import { costOf, mostRedone, tokenHolds, tokenLoad } from '../cost.ts';
import { axesOf, refuseTooMuch, workTooLarge } from '../limits.ts';
import type { Means, QuestionOf, Task } from '../question.ts';
import { readJsonBody } from './body.ts';

/** Inputs that are tried: those of the usual size first, then those whose scores are so large that a weak fill leaks. */
const TRIED = [
  [1, 1],
  [2, 1],
  [3, 1.5],
  [4, 2],
  [5, 0.7],
  [6, 1],
  [7, 10],
  [8, 40],
  [9, 150],
  [10, 2],
] as const;
/** Comparing every form with every other, in milliseconds. */
const COMPARING_MS = 100;

/** Small inputs with right answers that tell every known mistake of some options. */
export function vectors({ body, as }: QuestionOf<'vectors'>, { limits, makeRoom, checkpoint }: Means): Task {
  const order = readVectorsRequest(readJsonBody(body, undefined, [], makeRoom));
  const { attention } = order.instance(1, 1).order;
  const { work: once, numbers } = refuseTooMuch(attention, limits);
  const times = TRIED.length * searchedForms;
  const most = mostRedone(limits);
  if (times * once > most)
    throw workTooLarge(
      `every known mistake is computed for ${TRIED.length} inputs, ${times} times ${once} multiply-adds; at most ${most} are (a 60th of MAX_WORK). Ask with smaller sizes.`,
    );
  return {
    sizes: axesOf(tokenSizes(attention)),
    work: times * once,
    cost: times * costOf(tokenLoad(attention, 0), 'float64') + COMPARING_MS,
    holds: searchedForms * tokenHolds(attention, numbers),
    carryOut(computed) {
      const found = tellingVectors(instances(order), ({ order: { attention: asked } }) => asked, checkpoint);
      computed?.();
      const reply = vectorsReply(found);
      return { body: as === 'python' ? vectorsPytest(reply) : JSON.stringify(reply) };
    },
  };
}

function* instances({ instance }: VectorsOrder) {
  for (const [seed, magnitude] of TRIED) yield instance(seed, magnitude);
}
