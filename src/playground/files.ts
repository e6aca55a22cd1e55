import { type Answer, dot } from './answer.ts';

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

function quoted(name: string): string {
  // A name that begins like a formula would be one to a spreadsheet.
  const safe = /^[=+\-@\t\r]/.test(name) ? `'${name}` : name;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
