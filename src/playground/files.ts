import { type Answer, dot } from './answer.ts';
import { colourOf, css, inkOn, type Palette } from './colours.ts';
import { brief } from './stages.ts';

/** Question and answer, as they went over the wire. */
export function jsonFile({ request, reply }: Answer): string {
  return `${JSON.stringify({ request, reply }, null, 2)}\n`;
}

/** One line a pair: every stage of it, for each head. */
export function csvFile(answer: Answer): string {
  const lines = ['head,query,key,raw,scaled,logit,weight'];
  answer.weights.forEach((rows, head) => {
    rows.forEach((row, i) => {
      row.forEach((weight, j) => {
        const raw = dot(answer.queries[head]?.[i] ?? [], answer.keys[head]?.[j] ?? []);
        const logit = answer.logits[head]?.[i]?.[j] ?? '';
        lines.push(
          [head, quoted(answer.queryNames[i] ?? ''), quoted(answer.keyNames[j] ?? ''), raw, answer.scores[head]?.[i]?.[j] ?? '', logit, weight].join(
            ',',
          ),
        );
      });
    });
  });
  return `${lines.join('\r\n')}\r\n`;
}

const CELL = 48;
const MARGIN = 96;

/** The weights as a heatmap, one panel a head, that stands without this page. */
export function svgFile(answer: Answer, palette: Palette): string {
  const width = MARGIN + CELL * answer.keyNames.length;
  const height = MARGIN + CELL * answer.queryNames.length;
  const panels = answer.weights.map((rows, head) => `<g transform="translate(0 ${head * height})">${panel(answer, rows, head, palette)}</g>`);
  const ground = css(palette.ground);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width + 8} ${height * answer.heads + 8}" font-family="system-ui, sans-serif" font-size="13" fill="${inkOn(palette.ground)}"><title>Attention weights</title><rect width="100%" height="100%" fill="${ground}"/>${panels.join('')}</svg>\n`;
}

function panel(answer: Answer, rows: readonly (readonly number[])[], head: number, palette: Palette): string {
  const title = answer.heads > 1 ? `head ${head}: key →` : 'key →';
  const columns = answer.keyNames.map((name, j) => text(MARGIN + (j + 0.5) * CELL, MARGIN - 10, name, 'middle'));
  const lines = rows.map((row, i) => {
    const cells = row.map((weight, j) => {
      const excluded = answer.logits[head]?.[i]?.[j] === null;
      const colour = colourOf(palette, excluded ? null : weight, 1, false);
      const [x, y] = [MARGIN + j * CELL, MARGIN + i * CELL];
      const number = text(x + CELL / 2, y + CELL / 2 + 4, excluded ? '—' : brief(weight, 3), 'middle', inkOn(colour));
      return `<rect class="cell" x="${x}" y="${y}" width="${CELL - 1}" height="${CELL - 1}" fill="${css(colour)}"/>${number}`;
    });
    return text(MARGIN - 10, MARGIN + (i + 0.5) * CELL + 4, answer.queryNames[i] ?? '', 'end') + cells.join('');
  });
  return text(MARGIN, 20, title, 'start') + text(MARGIN - 10, MARGIN - 10, 'query ↓', 'end') + columns.join('') + lines.join('');
}

function text(x: number, y: number, words: string, anchor: string, fill?: string): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}"${fill ? ` fill="${fill}"` : ''}>${escaped(words)}</text>`;
}

function escaped(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function quoted(name: string): string {
  // A name that begins like a formula would be one to a spreadsheet.
  const safe = /^[=+\-@\t\r]/.test(name) ? `'${name}` : name;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
