import { expect, test } from 'vitest';
import { readAnswer } from '../../src/playground/answer.ts';
import { INCLUDE, questionOf } from '../../src/playground/request.ts';
import { stagesOf } from '../../src/playground/stages.ts';
import { on, START, type State, withGrids, withTexts } from '../../src/playground/state.ts';
import { stepsOf } from '../../src/playground/steps.ts';
import { useService } from '../http/service.ts';

const service = useService();

async function stepsFor(state: State, row: number) {
  const { json } = await service.ask({ ...questionOf(state), include: INCLUDE });
  return stepsOf(stagesOf(readAnswer(state, questionOf(state), json), 0), row);
}

test('the steps of plain attention are five, and say where they change nothing', async () => {
  const steps = await stepsFor(START, 0);
  expect(steps.map(({ name }) => name)).toEqual(['Scores', 'Scale', 'Mask', 'Softmax', 'Weighted sum']);
  expect(steps.map(({ words }) => words)).toEqual([
    'Query “ran” meets each key, q · k: 0.26, 0.5, 0.84.',
    'The scale is 1: every score stays.',
    'No key is excluded and nothing is added: the scores are the logits, which softmax takes.',
    'The exponential of each logit ÷ their sum is its weight: 0.2465, 0.3133, 0.4402. They add up to 1.',
    'Each value × its weight, added up, is the context vector: 0.5074, 0.4081, 0.3053.',
  ]);
});

test('projections come before, a cap between, and excluded keys are counted', async () => {
  const state = withGrids(withTexts({ ...START, everyone: true, causal: true }, { softcap: on('2') }), { w_key: on(START.tokens) });
  const steps = await stepsFor(state, 0);
  expect(steps.map(({ name }) => name)).toEqual(['Queries, keys and values', 'Scores', 'Scale', 'Cap', 'Mask', 'Softmax', 'Weighted sum']);
  expect(steps[0]?.stages).toEqual(['queries', 'w_key', 'keys', 'values']);
  expect(steps[4]?.words).toMatch(/^What softmax takes are the logits \(some excluded\): [\d.]+; 2 excluded\.$/);
  expect(steps[5]?.words).toContain('is its weight: 1; 2 excluded. They add up to 1.');
});

test('a query that may attend to nothing has no weights that add up', async () => {
  const steps = await stepsFor({ ...START, mask: on([[], [], [false, false, false]]) }, 0);
  expect(steps[2]?.words).toContain('3 excluded');
  expect(steps[3]?.words).toBe('There is nothing to attend to: every weight is 0.');
});
