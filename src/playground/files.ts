import { type Answer, dot } from './answer.ts';
import { el } from './element.ts';

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

/** Pixels of a PNG for each of the drawing's units, and on a side at most: browsers make no larger canvas. */
const SHARPNESS = 2;
const MOST_PIXELS = 8192;

/**
 * A picture in SVG as PNG.
 * @throws Error where the browser can't draw it
 */
export async function pngOf(svg: string): Promise<Blob> {
  const address = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    const scale = Math.min(SHARPNESS, MOST_PIXELS / Math.max(image.naturalWidth, image.naturalHeight));
    const canvas = el('canvas', { width: Math.round(image.naturalWidth * scale), height: Math.round(image.naturalHeight * scale) });
    canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
    const png = await new Promise<Blob | null>((made) => canvas.toBlob(made, 'image/png'));
    if (!png) throw new Error('this browser makes no PNG of it');
    return png;
  } finally {
    URL.revokeObjectURL(address);
  }
}

function quoted(name: string): string {
  // A name that begins like a formula would be one to a spreadsheet.
  const safe = /^[=+\-@\t\r]/.test(name) ? `'${name}` : name;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
