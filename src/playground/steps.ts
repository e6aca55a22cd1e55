import { list } from './printed.ts';
import { type Stage, type StageName, VECTOR_STAGES } from './stage.ts';

/** One step from vectors to context vectors. */
export interface Step {
  readonly name: string;
  /** The matrices that it fills. */
  readonly stages: readonly StageName[];
  /** The one of them whose number is written out. */
  readonly stage: StageName;
  /** What it does to one query, in a sentence, with its numbers. */
  readonly words: string;
}

/**
 * Score → scale → cap, where there is one → mask → softmax → weighted sum, for one query row of the stages of a head; before them queries, keys and
 * values, where these are not the tokens. Steps that change nothing are among them, and say so.
 */
export function stepsOf(stages: readonly Stage[], row: number): Step[] {
  const made = VECTOR_STAGES.filter((name) => stages.some((stage) => stage.name === name));
  const vectors: Step = {
    name: 'Queries, keys and values',
    stages: made,
    stage: 'queries',
    words: 'Three vectors are made of the tokens: queries, which ask; keys, by which tokens are found; values, which tokens give.',
  };
  const steps = stages.flatMap((stage): Step[] => {
    const told = TOLD[stage.name];
    if (!told || (stage.name === 'capped' && stage.idle)) return [];
    const [name, words] = told;
    return [{ name, stages: [stage.name], stage: stage.name, words: words(stage, row) }];
  });
  return made.length === 0 ? steps : [vectors, ...steps];
}

type Told = readonly [name: string, words: (stage: Stage, row: number) => string];

const TOLD: Partial<Readonly<Record<StageName, Told>>> = {
  raw: ['Scores', (stage, row) => `Query “${stage.rows[row]}” meets each key, ${stage.step}: ${numbers(stage, row)}.`],
  scaled: [
    'Scale',
    (stage, row) => (stage.idle ? 'The scale is 1: every score stays.' : `Every score is multiplied, ${stage.step}: ${numbers(stage, row)}.`),
  ],
  capped: ['Cap', (stage, row) => `The cap keeps every score between −c and c, ${stage.step}: ${numbers(stage, row)}.`],
  masked: [
    'Mask',
    (stage, row) =>
      stage.idle
        ? 'No key is excluded and nothing is added: the scores are the logits, which softmax takes.'
        : `What softmax takes are the logits (${stage.step}): ${numbers(stage, row)}.`,
  ],
  weights: [
    'Softmax',
    (stage, row) =>
      (stage.cells[row] ?? []).every((weight) => !weight)
        ? 'There is nothing to attend to: every weight is 0.'
        : `The exponential of each logit ÷ their sum is its weight: ${numbers(stage, row)}. They add up to 1.`,
  ],
  context: ['Weighted sum', (stage, row) => `Each value × its weight, added up, is the context vector: ${numbers(stage, row)}.`],
};

function numbers({ cells }: Stage, row: number): string {
  const values = cells[row] ?? [];
  const taking = values.filter((value) => value !== null);
  const excluded = values.length - taking.length;
  return [taking.length > 0 && list(taking), excluded > 0 && `${excluded} excluded`].filter(Boolean).join('; ');
}
