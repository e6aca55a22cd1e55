import { contributionsOf, weightedSumOf } from './arithmetic.ts';
import type { Arrow } from './arrow.ts';
import { el, setText } from './element.ts';
import { signOverflow } from './overflow.ts';
import { Plane } from './plane.ts';
import { moved, sourceOf, wayBetween } from './plane-moves.ts';
import { brief } from './printed.ts';
import type { Actions, Scene, View } from './scene.ts';
import { tokenColours } from './token-colours.ts';
import { dimensionNames } from './vectors.ts';

/** Up to so many arrows all have their names. */
const MOST_NAMED = 16;
/** A weight that is less is not 0.01 in two decimals. */
const LEAST_SHARE = 0.005;

type Of = 'query' | 'key' | 'value';

/** The vectors as arrows: query and keys, whose directions make the scores; and the weighted values, head to tail to the context vector. */
export class Planes implements View {
  readonly #keys = new Plane('Query and keys');
  readonly #values = new Plane('Weighted values, head to tail');
  readonly #table = el('table', { class: 'plain' });
  readonly #scroll = el('div', { class: 'scroll', tabindex: 0, role: 'group', 'aria-label': 'The arrows as a table' }, this.#table);
  readonly #details = el('details', {}, el('summary', {}, 'As a table'), this.#scroll);
  readonly #hint = el('p', { class: 'hint' });
  readonly element = el(
    'section',
    { class: 'card wide', 'aria-labelledby': 'planes-title' },
    el('h2', { id: 'planes-title' }, 'The vectors as arrows'),
    el('div', { class: 'planes' }, this.#keys.element, this.#values.element),
    this.#hint,
    this.#details,
  );
  readonly #actions: Actions;
  #scene: Scene | undefined;

  constructor(actions: Actions) {
    this.#actions = actions;
    signOverflow(this.#scroll);
    this.#details.addEventListener('toggle', () => this.#fillTable());
  }

  show(scene: Scene): void {
    this.#scene = scene;
    const { answer, head, row } = scene;
    const query = answer.queries[head]?.[row] ?? [];
    const keys = answer.keys[head] ?? [];
    const weights = answer.weights[head]?.[row] ?? [];
    const colours = tokenColours(weights);
    const arrows = keys.map(
      (key, j): Arrow => ({
        name: `key ${answer.keyNames[j]}`,
        label: isNamed(weights, j) ? `${short(answer.keyNames[j] ?? '')} ${shareWords(weights[j] ?? 0)}` : '',
        to: key,
        colour: colours[j] ?? 'none',
        share: weights[j] ?? 0,
        kind: 'plain',
        move: this.#mover(scene, 'key', j),
      }),
    );
    const queryName = answer.queryNames[row] ?? '';
    const asked: Arrow = {
      name: `query ${queryName}`,
      label: `query ${short(queryName)}`,
      to: query,
      colour: 'ink',
      share: 0,
      kind: 'strong',
      move: this.#mover(scene, 'query', row),
    };
    this.#keys.show([...arrows, asked], dimensionNames(answer, head, 'query'));
    this.#values.show(this.#chain(scene), dimensionNames(answer, head, 'value'));
    setText(this.#hint, this.#hintFor(scene));
    this.#fillTable();
  }

  /** Each weighted value begins where the one before ends; the last ends at the context vector (before w_output). */
  #chain(scene: Scene): Arrow[] {
    const { answer, head, row } = scene;
    const values = answer.values[head] ?? [];
    const weights = answer.weights[head]?.[row] ?? [];
    const colours = tokenColours(weights);
    const whole = values.map(
      (value, j): Arrow => ({
        name: `value ${answer.keyNames[j]}`,
        label: isNamed(weights, j) ? short(answer.keyNames[j] ?? '') : '',
        to: value,
        colour: colours[j] ?? 'none',
        share: 0,
        kind: 'faint',
        move: this.#mover(scene, 'value', j),
      }),
    );
    let from: readonly number[] = (values[0] ?? []).map(() => 0);
    const chain = contributionsOf(answer, head, row).map((part, j): Arrow => {
      const begin = from;
      from = begin.map((number, c) => number + (part[c] ?? 0));
      return { name: `part of ${answer.keyNames[j]}`, label: '', from: begin, to: from, colour: colours[j] ?? 'none', share: 0.4, kind: 'plain' };
    });
    const sum: Arrow = {
      name: 'context vector',
      label: 'context vector',
      to: weightedSumOf(answer, head, row),
      colour: 'ink',
      share: 0,
      kind: 'strong',
    };
    return [...whole, ...chain, sum];
  }

  #mover({ answer, head }: Scene, of: Of, row: number): Arrow['move'] {
    const source = sourceOf(answer, head, of, row);
    if (!source) return undefined;
    const name = of === 'query' ? answer.queryNames[row] : answer.keyNames[row];
    return {
      by: (axes, by, decimals) =>
        this.#actions.edit((state) => moved(state, source, axes, by, decimals), `${of} ${name} moved`, `plane ${source.grid} ${source.row}`),
      since: (axes) => wayBetween(answer.state, this.#actions.state(), source, axes),
    };
  }

  #hintFor({ answer, head }: Scene): string {
    const fixed = (['query', 'key', 'value'] as const).filter((of) => sourceOf(answer, head, of, 0) === undefined);
    const drag =
      'Drag a tip, or move it with the arrow keys: weights and context vector follow. A key has its weight beside its name, and is as thick as that.';
    if (fixed.length === 0) return drag;
    const words = { query: 'queries', key: 'keys', value: 'values' };
    return `${fixed.length < 3 ? `${drag} ` : ''}The ${fixed.map((of) => words[of]).join(', ')} are made from the tokens, by projection or position: change those instead.`;
  }

  #fillTable(): void {
    if (!this.#details.open || !this.#scene) return;
    const { answer, head, row } = this.#scene;
    const line = (name: string, ...cells: readonly string[]) =>
      el('tr', {}, el('th', { scope: 'row' }, name), ...cells.map((cell) => el('td', {}, cell)));
    const vector = (numbers: readonly number[] = []) => numbers.map((number) => brief(number)).join(', ');
    const parts = contributionsOf(answer, head, row);
    this.#table.replaceChildren(
      el('thead', {}, el('tr', {}, el('td', {}), ...['vector', 'weight', 'value', 'weight · value'].map((name) => el('th', { scope: 'col' }, name)))),
      el(
        'tbody',
        {},
        line(`query ${answer.queryNames[row]}`, vector(answer.queries[head]?.[row]), '', '', ''),
        ...parts.map((part, j) =>
          line(
            `key ${answer.keyNames[j]}`,
            vector(answer.keys[head]?.[j]),
            brief(answer.weights[head]?.[row]?.[j] ?? 0),
            vector(answer.values[head]?.[j]),
            vector(part),
          ),
        ),
        line('context vector', vector(weightedSumOf(answer, head, row)), '', '', ''),
      ),
    );
  }
}

/** Among many arrows those of hardly any weight have no name: all together could not be read. */
function isNamed(weights: readonly number[], j: number): boolean {
  return weights.length <= MOST_NAMED || (weights[j] ?? 0) >= LEAST_SHARE;
}

function shareWords(weight: number): string {
  return weight > 0 && weight < LEAST_SHARE ? '<0.01' : brief(weight, 2);
}

/** A name as long as fits beside a tip. */
function short(name: string): string {
  return name.length > 14 ? `${name.slice(0, 13)}…` : name;
}
