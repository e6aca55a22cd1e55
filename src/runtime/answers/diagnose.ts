import { type Diagnosis, diagnose as diagnosed } from '../../diagnose/diagnose.ts';
import { diagnosisWork } from '../../diagnose/search.ts';
import { boundOf, verdict } from '../../diagnose/verdict.ts';
import { tokenSizes } from '../../engine/token-attention.ts';
import { printDiagnoseReply, type Said } from '../../wire/diagnose-reply.ts';
import { type DiagnoseOrder, readDiagnoseRequest } from '../../wire/diagnose-request.ts';
import type { JsonReader } from '../../wire/numbers/number-reader.ts';
import { costOf, mostRedone, tokenHolds, tokenLoad } from '../cost.ts';
import { axesOf, refuseTooMuch, workTooLarge } from '../limits.ts';
import type { Means, QuestionOf, Task } from '../question.ts';
import { readJsonBody } from './body.ts';
import { pointingAtZeroVectors } from './zero-vectors.ts';

/** What trying a few thousand pairs of mistakes takes besides their multiply-adds, in milliseconds. */
const PAIRS_MS = 100;

/** Which known mistake gives the numbers that somebody's code gave. */
export function diagnose({ body, as }: QuestionOf<'diagnose'>, { limits, makeRoom, checkpoint }: Means, reader?: JsonReader): Task {
  const asked = readDiagnoseRequest(readJsonBody(body, reader, 'always', makeRoom));
  const { attention, order } = asked;
  const sizes = tokenSizes(attention);
  const { work: once, numbers } = refuseTooMuch(attention, limits);
  const work = diagnosisWork(sizes, once);
  const most = mostRedone(limits);
  if (work > most)
    throw workTooLarge(
      `every known mistake is computed step by step, some ${Math.ceil(work / once)} times ${once} multiply-adds; at most ${most} are (a 60th of MAX_WORK). Ask with fewer rows or tokens: a mistake shows in few.`,
    );
  return {
    sizes: axesOf(sizes),
    work,
    cost: (costOf(tokenLoad(attention, 0), 'float64') * work) / once + PAIRS_MS,
    holds: HELD_ANSWERS * tokenHolds(attention, numbers),
    carryOut(computed) {
      const found = pointingAtZeroVectors(order, () => diagnosed(attention, asked.observed, asked.tolerance, checkpoint));
      computed?.();
      return { body: as === 'markdown' ? verdict({ found, sizes, ...asked }) : printDiagnoseReply(said(found, asked), asked.observed) };
    },
  };
}

/** Answers and vectors that are held beside each other, at most. */
const HELD_ANSWERS = 24;

function said(found: Diagnosis, { observed }: DiagnoseOrder): Said {
  const certified = Object.entries(found.certified).map(([arithmetic, bounds]) => [arithmetic, observed.map((seen) => boundOf(bounds, seen))]);
  return {
    ...found,
    mistakes: found.mistakes.map(({ mistake, also, maxAbsoluteError }) => ({
      code: mistake.code,
      ...(also && { also: also.code }),
      title: also ? `${mistake.title}; and ${also.title.charAt(0).toLowerCase()}${also.title.slice(1)}` : mistake.title,
      explanation: also ? `${mistake.explanation} Besides: ${also.explanation}` : mistake.explanation,
      ...(mistake.library !== undefined && { library: mistake.library }),
      max_absolute_error: maxAbsoluteError,
    })),
    certified: Object.fromEntries(certified) as Said['certified'],
  };
}
