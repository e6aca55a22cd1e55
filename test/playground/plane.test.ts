import { describe, expect, test } from 'vitest';
import { readAnswer } from '../../src/playground/answer.ts';
import { dimensionAxis, headOfArrow, principalAxes, roundStep } from '../../src/playground/plane-axes.ts';
import { placeLabels } from '../../src/playground/plane-labels.ts';
import { moved, sourceOf, wayBetween } from '../../src/playground/plane-moves.ts';
import { INCLUDE, questionOf } from '../../src/playground/request.ts';
import { on, START, type State, withGrids } from '../../src/playground/state.ts';
import { useService } from '../http/service.ts';

const service = useService();
const answerTo = async (state: State) => readAnswer(state, questionOf(state), (await service.ask({ ...questionOf(state), include: INCLUDE })).json);

describe('the two principal directions', () => {
  test('are the axes of an ellipse, at right angles', () => {
    // Points of an ellipse with half-axes 3 and 1, turned by 30°, in the plane of the first two of three dimensions.
    const [cos, sin] = [Math.cos(Math.PI / 6), Math.sin(Math.PI / 6)];
    const points = Array.from({ length: 12 }, (_, i) => {
      const [a, b] = [3 * Math.cos((i * Math.PI) / 6), Math.sin((i * Math.PI) / 6)];
      return [a * cos - b * sin, a * sin + b * cos, 0];
    });
    const [first, second] = principalAxes(points);
    for (const [i, part] of [cos, sin, 0].entries()) expect(first[i]).toBeCloseTo(part, 6);
    for (const [i, part] of [-sin, cos, 0].entries()) expect(second[i]).toBeCloseTo(part, 6);
  });

  test('are the same from wherever one begins, at right angles to them too', () => {
    const vectors = [
      [3, 0.5, 0],
      [-2, 1, 0.1],
      [0.5, 0.2, 1],
    ];
    const known = principalAxes(vectors);
    for (const near of [
      known,
      [known[1], known[0]],
      [
        [0, 0, 1],
        [1, 0, 0],
      ],
      [[1], [0]],
    ] as const) {
      for (const [i, axis] of principalAxes(vectors, near).entries()) {
        for (const [c, part] of axis.entries()) expect(part).toBeCloseTo(known[i]?.[c] ?? Number.NaN, 4);
      }
    }
  });

  test('are there where vectors have one dimension only, or are 0', () => {
    expect(principalAxes([[2], [3]])).toEqual([[1], [0]]);
    expect(principalAxes([[0, 0]]).map((axis) => Math.hypot(...axis))).toEqual([1, 1]);
    const [first, second] = principalAxes([
      [1, 1],
      [2, 2],
    ]);
    expect((first[0] ?? 0) * (second[0] ?? 0) + (first[1] ?? 0) * (second[1] ?? 0)).toBeCloseTo(0, 9);
  });
});

test('an arrow’s head ends where the arrow does, and is none without a length', () => {
  expect(headOfArrow([0, 0], [10, 0], 4)).toBe('10,0 6,1.8 6,-1.8');
  expect(headOfArrow([1, 1], [1, 1], 4)).toBe('');
  expect([0.07, 1, 3, 60].map(roundStep)).toEqual([0.02, 0.5, 1, 20].map((step) => expect.closeTo(step, 9)));
});

describe('the names of arrows', () => {
  const at = (x: number, y: number, label: string, weight = 0) => ({ at: [x, y] as const, label, weight });

  test('cover neither each other nor a tip, and stay within the drawing; the heavier choose first', () => {
    const wanted = [at(160, 120, 'hungry'), at(160, 120, 'cat', 1), at(172, 114, 'mouse'), at(318, 2, 'a long name')];
    const placed = placeLabels(wanted, 320, 240);
    expect(placed[1]).toEqual({ x: 153, y: 113, anchor: 'end' });
    const boxes = placed.map((place, i) => {
      if (!place) throw new Error('there is room');
      const width = 6.3 * (wanted[i]?.label.length ?? 0);
      const left = place.anchor === 'start' ? place.x : place.x - width;
      return { left, right: left + width, top: place.y - 10, bottom: place.y + 2 };
    });
    for (const [i, box] of boxes.entries()) {
      expect([box.left >= 0, box.right <= 320, box.top >= 0, box.bottom <= 240]).toEqual([true, true, true, true]);
      for (const {
        at: [x, y],
      } of wanted)
        expect(x > box.left && x < box.right && y > box.top && y < box.bottom).toBe(false);
      for (const other of boxes.slice(i + 1)) {
        expect(box.left < other.right && other.left < box.right && box.top < other.bottom && other.top < box.bottom).toBe(false);
      }
    }
  });

  test('are left out where there is no room, or no name', () => {
    const placed = placeLabels(
      Array.from({ length: 12 }, () => at(30, 30, 'same')),
      60,
      60,
    );
    expect(placed.filter((place) => place !== undefined).length).toBeLessThan(6);
    expect(placeLabels([at(30, 30, '')], 60, 60)).toEqual([undefined]);
  });
});

describe('a tip that is moved', () => {
  const AXES = [dimensionAxis(3, 0), dimensionAxis(3, 2)] as const;

  test('changes the numbers that it is made of, and no others', async () => {
    const answer = await answerTo(START);
    const source = sourceOf(answer, 0, 'key', 1);
    if (!source) throw new Error('the key of a token can be moved');
    expect(moved(START, source, AXES, [0.5, -1], 2).tokens).toEqual([START.tokens[0], ['1.4', '0.1', '-0.7'], START.tokens[2]]);
    expect(sourceOf(answer, 0, 'query', 0)).toMatchObject({ grid: 'tokens', row: 2 });
  });

  test('lands where it was dragged to with heads, with vectors from outside, and with the cosine', async () => {
    const four: State = { ...START, tokens: START.tokens.map((row) => [...row, '1']), dimensions: ['a', 'b', 'c', 'd'], everyone: true };
    const axes = [dimensionAxis(2, 0), dimensionAxis(2, 1)] as const;
    const heads = { ...four, heads: on({ query: '2', key: '' }) };
    const outside = withGrids(heads, { queries: on([['1', '2', '3', '4']]) });
    const cosine = { ...heads, cosine: true };
    for (const [state, of] of [
      [heads, 'key'],
      [outside, 'query'],
      [heads, 'value'],
      [cosine, 'key'],
    ] as const) {
      const name = ({ query: 'queries', key: 'keys', value: 'values' } as const)[of];
      const before = await answerTo(state);
      const source = sourceOf(before, 1, of, 0);
      if (!source) throw new Error(`the ${of} can be moved`);
      const wanted = (before[name][1]?.[0] ?? []).map((part, i) => part + (i === 0 ? 0.25 : -0.125));
      const after = (await answerTo(moved(state, source, axes, [0.25, -0.125], 6)))[name][1]?.[0] ?? [];
      const length = state.cosine ? Math.hypot(...wanted) : 1;
      for (const [i, part] of wanted.entries()) expect(after[i]).toBeCloseTo(part / length, 4);
    }
  });

  test('is known to be ahead of its picture by what was typed since, of unit vectors by the turn alone', async () => {
    const answer = await answerTo({ ...START, cosine: true });
    for (const [isUnit, way] of [
      [false, [0.5, -1]],
      // From (0.9, 0.1, 0.3) / √0.91 to (1.4, 0.1, −0.7) / √2.46.
      [true, [1.4 / Math.sqrt(2.46) - 0.9 / Math.sqrt(0.91), -0.7 / Math.sqrt(2.46) - 0.3 / Math.sqrt(0.91)]],
    ] as const) {
      const source = { grid: 'tokens', row: 1, from: 0, width: 3, isUnit } as const;
      const after = moved(START, { ...source, isUnit: false }, AXES, [0.5, -1], 2);
      for (const [i, part] of wayBetween(answer.state, after, source, AXES).entries()) expect(part).toBeCloseTo(way[i] ?? Number.NaN, 9);
    }
  });

  test('is none where projections or rotations make the vector, or where no number is typed', async () => {
    const projected = await answerTo(withGrids(START, { w_key: on(START.tokens) }));
    expect(sourceOf(projected, 0, 'key', 0)).toBeUndefined();
    expect(sourceOf(projected, 0, 'query', 0)).toBeDefined();
    const source = { grid: 'tokens', row: 0, from: 0, width: 3, isUnit: false } as const;
    const typo = { ...START, tokens: [['x', '1', '2']] };
    expect(moved(typo, source, AXES, [1, 1], 2)).toBe(typo);
  });
});
