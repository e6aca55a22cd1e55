import type { Answer } from './answer.ts';
import { softmaxOf } from './arithmetic.ts';
import { TOKEN_COLOURS } from './colours.ts';
import { el, setText } from './element.ts';
import { signOverflow } from './overflow.ts';
import { brief } from './printed.ts';
import type { Scene, View } from './scene.ts';

/** The softmax of one query row, unrolled, and what can be said of it in one line. */
export class Softmax implements View {
  readonly #title = el('h2', { id: 'softmax-title' });
  readonly #table = el('table', { id: 'softmax', class: 'softmax' });
  readonly #hint = el(
    'p',
    { class: 'hint' },
    'A logit is a score after scale, cap, bias and mask. Softmax makes weights of logits: each one’s exponential, divided by their sum.',
  );
  readonly #facts = el('p', { id: 'softmax-facts', class: 'hint' });
  readonly #scroll = el('div', { class: 'scroll', tabindex: 0, role: 'group', 'aria-labelledby': 'softmax-title' }, this.#table);
  readonly element = el('section', { class: 'card', 'aria-labelledby': 'softmax-title' }, this.#title, this.#hint, this.#scroll, this.#facts);

  constructor() {
    signOverflow(this.#scroll);
  }

  show({ answer, head, row, before }: Scene): void {
    setText(this.#title, `Softmax of “${answer.queryNames[row] ?? ''}”, unrolled`);
    fillTable(this.#table, answer, head, row, before);
    setText(this.#facts, factsOf(answer, head, row));
  }
}

/** Logit → exp → share, a bar for each. It is a table, so it needs none behind it. */
function fillTable(table: HTMLTableElement, answer: Answer, head: number, row: number, before: Answer | undefined): void {
  const { logits, exponentials, total, max, sink, sinkLogit } = softmaxOf(answer, head, row);
  const was = before?.weights[head]?.[row];
  const largest = Math.max(1e-30, ...logits.map((logit) => Math.abs(logit ?? 0)), Math.abs(sinkLogit ?? 0));
  const line = (name: string, colour: number | undefined, logit: number | null, power: number | null, weight: number, previous: number | undefined) =>
    el(
      'tr',
      { class: logit === null ? 'out' : undefined },
      el('th', { scope: 'row' }, el('span', { class: colour === undefined ? 'chip none' : `chip c${colour}` }), name),
      el('td', { class: 'number' }, logit === null ? 'excluded' : brief(logit)),
      barCell(logit ?? 0, largest, 'logit'),
      el('td', { class: 'number' }, power === null ? '—' : brief(power)),
      barCell(power ?? 0, 1, 'exp'),
      el('td', { class: 'number strong' }, weight.toFixed(4)),
      barCell(weight, 1, 'weight', previous),
    );
  const lines = logits.map((logit, j) =>
    line(answer.keyNames[j] ?? '', j % TOKEN_COLOURS, logit, exponentials[j] ?? null, answer.weights[head]?.[row]?.[j] ?? 0, was?.[j]),
  );
  if (sink !== undefined && sinkLogit !== undefined) {
    lines.push(line('sink', undefined, sinkLogit, sink, answer.sinkWeight[head]?.[row] ?? 0, undefined));
  }
  const sum = (answer.weights[head]?.[row] ?? []).reduce(
    (whole, weight) => whole + weight,
    sink === undefined ? 0 : (answer.sinkWeight[head]?.[row] ?? 0),
  );
  const largestTaken = max === 0 ? '' : ` −\u00a0${brief(max).startsWith('−') ? `(${brief(max)})` : brief(max)}`;
  const heads = ['logit', `exp(logit${largestTaken})`, '÷ sum'].flatMap((title) => [
    el('th', { scope: 'col', class: 'number' }, title),
    el('td', {}),
  ]);
  table.replaceChildren(
    el('thead', {}, el('tr', {}, el('th', { scope: 'col' }, 'key'), ...heads)),
    el('tbody', {}, ...lines),
    el(
      'tfoot',
      {},
      el(
        'tr',
        {},
        el('th', { scope: 'row' }, 'sum'),
        el('td', {}),
        el('td', {}),
        el('td', { class: 'number' }, brief(total)),
        el('td', {}),
        el('td', { class: 'number strong' }, sum.toFixed(4)),
        el('td', {}),
      ),
    ),
  );
}

/** A bar from 0, to the left for what is negative; a line where it stood before. */
function barCell(value: number, most: number, kind: string, previous?: number): HTMLTableCellElement {
  const bar = el('span', { class: value < 0 ? 'fill negative' : 'fill' });
  const share = Math.min(1, Math.abs(value) / most) * 100;
  const half = kind === 'logit';
  bar.style.width = `${half ? share / 2 : share}%`;
  if (half) bar.style.left = value < 0 ? `${50 - share / 2}%` : '50%';
  const track = el('span', { class: `track ${kind}` }, bar);
  if (previous !== undefined && Math.abs(previous - value) > 5e-5) {
    const ghost = el('span', { class: 'ghost', title: `before: ${previous.toFixed(4)}` });
    ghost.style.left = `${Math.min(1, previous) * 100}%`;
    track.append(ghost);
  }
  return el('td', { class: 'bar' }, track);
}

function factsOf({ entropy, lse, logits, sinkWeight, request }: Answer, head: number, row: number): string {
  const log = lse[head]?.[row];
  const shares = (logits[head]?.[row] ?? []).filter((logit) => logit !== null).length + (request.sink === undefined ? 0 : 1);
  const facts = [`entropy ${brief(entropy[head]?.[row] ?? 0)} bits, of at most ${brief(Math.log2(Math.max(1, shares)))}`];
  facts.push(log === null || log === undefined ? 'nothing to attend to: weights and context are 0' : `log-sum-exp ${brief(log)}`);
  if (request.sink !== undefined) facts.push(`the sink takes ${brief(sinkWeight[head]?.[row] ?? 0)}`);
  return facts.join(' · ');
}
