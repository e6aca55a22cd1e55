import type { MistakeCode } from '../schemas/mistake-codes.ts';
import { dropoutOn } from './dropout.ts';
import { headsInterleaved, headsMergedWrongly, headsNotTransposed, kvHeadsTiled, valuesForKeys } from './head-mistakes.ts';
import {
  causalMissing,
  causalOtherCorner,
  causalStrict,
  fillTooWeak,
  finiteFill,
  maskAdded,
  maskAfterSoftmax,
  maskInverted,
  maskMissing,
  maskTransposed,
  nanForEmptyRow,
  windowOffByOne,
} from './mask-mistakes.ts';
import type { Described, Mistake } from './mistake.ts';
import { alibiSlopesOther, positionMissing, positionOffset, queryOffByOne, ropePairing } from './position-mistakes.ts';
import {
  outputProjectionMissing,
  projectionBiasMissing,
  projectionTransposed,
  queryKeySwapped,
  valueProjectionMissing,
} from './projection-mistakes.ts';
import {
  biasMissing,
  biasScaled,
  lseBase2,
  scaleByD,
  scaleByModelWidth,
  scaleMissing,
  scaleTwice,
  scaleUnwanted,
  sinkMissing,
  softcapAfterMask,
  softcapMissing,
} from './scale-mistakes.ts';
import { headsAveraged, overQueries, softmaxTwice, sumInsteadOfSoftmax, weightsUnnormalised } from './softmax-mistakes.ts';

/** The known mistakes by their codes, in the order in which those that fit equally well are named. */
const TABLE: Readonly<Record<MistakeCode, Described>> = {
  'scale-missing': scaleMissing,
  'scale-unwanted': scaleUnwanted,
  'scale-by-d': scaleByD,
  'softmax-over-queries': overQueries,
  'sum-instead-of-softmax': sumInsteadOfSoftmax,
  'softmax-twice': softmaxTwice,
  'weights-unnormalised': weightsUnnormalised,
  'mask-inverted': maskInverted,
  'mask-added': maskAdded,
  'mask-after-softmax': maskAfterSoftmax,
  'finite-fill': finiteFill,
  'causal-missing': causalMissing,
  'causal-strict': causalStrict,
  'causal-other-corner': causalOtherCorner,
  'window-off-by-one': windowOffByOne,
  'softcap-missing': softcapMissing,
  'softcap-after-mask': softcapAfterMask,
  'sink-missing': sinkMissing,
  'bias-missing': biasMissing,
  'position-missing': positionMissing,
  'rope-pairing': ropePairing,
  'kv-heads-tiled': kvHeadsTiled,
  'heads-interleaved': headsInterleaved,
  'heads-not-transposed': headsNotTransposed,
  'heads-averaged': headsAveraged,
  'projection-transposed': projectionTransposed,
  'query-key-swapped': queryKeySwapped,
  'value-projection-missing': valueProjectionMissing,
  'output-projection-missing': outputProjectionMissing,
  'projection-bias-missing': projectionBiasMissing,
  'query-off-by-one': queryOffByOne,
  'lse-base-2': lseBase2,
  'scale-by-model-width': scaleByModelWidth,
  'scale-twice': scaleTwice,
  'heads-merged-wrongly': headsMergedWrongly,
  'position-offset': positionOffset,
  'mask-transposed': maskTransposed,
  'mask-missing': maskMissing,
  'fill-too-weak': fillTooWeak,
  'nan-for-empty-row': nanForEmptyRow,
  'bias-scaled': biasScaled,
  'alibi-slopes': alibiSlopesOther,
  'dropout-on': dropoutOn,
  'values-for-keys': valuesForKeys,
};

export const MISTAKES: readonly Mistake[] = Object.entries(TABLE).map(([code, described]) => ({ ...described, code: code as MistakeCode }));
