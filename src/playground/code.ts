import type { Request } from './request.ts';

/** Where the question is asked. */
export interface Place {
  /** Of this service's route. */
  readonly address: string;
  /** Whether the service wants a key. The code says where it goes, and never has the key itself: code is pasted anywhere. */
  readonly locked: boolean;
  /** Of the page as it is now, after the # too. */
  readonly page: string;
}

const BEARER = 'Bearer YOUR_KEY';

/** The same question for another tool. */
export function curlOf(request: Request, { address, locked }: Place): string {
  const key = locked ? ` -H 'authorization: ${BEARER}'` : '';
  return `curl -sS ${address} -H 'content-type: application/json'${key} \\\n  -d '${JSON.stringify(request).replaceAll("'", "'\\''")}'`;
}

export function fetchOf(request: Request, { address, locked }: Place): string {
  const key = locked ? `, 'authorization': '${BEARER}'` : '';
  return `const reply = await fetch('${address}', {
  method: 'POST',
  headers: { 'content-type': 'application/json'${key} },
  body: JSON.stringify(${printed(request, '  ')}),
});
console.log(await reply.json());`;
}

export function pythonOf(request: Request, { address, locked }: Place): string {
  const key = locked ? `, headers={"authorization": "${BEARER}"}` : '';
  return `import requests

question = ${pythonic(request)}
reply = requests.post("${address}", json=question${key})
reply.raise_for_status()
print(reply.json())`;
}

/** The page in a frame of another page: of one whose origin EMBED_ORIGINS names. */
export function frameOf(_request: Request, { page }: Place): string {
  const [address, link = ''] = page.split('#');
  return `<iframe src="${address?.split('?')[0]}?embed#${link.replaceAll('"', '%22')}"\n  title="Attention, number by number" width="100%" height="900"></iframe>`;
}

/** One member a line, matrices with a row a line. */
function printed(request: Request, indent: string): string {
  return `{\n${Object.entries(request)
    .map(([name, value]) => `${indent}  ${JSON.stringify(name)}: ${rows(value, indent)},`)
    .join('\n')}\n${indent}}`;
}

function rows(value: unknown, indent: string): string {
  if (!Array.isArray(value) || !Array.isArray(value[0])) return JSON.stringify(value).replaceAll(',', ', ');
  return `[\n${value.map((row) => `${indent}    ${JSON.stringify(row).replaceAll(',', ', ')},`).join('\n')}\n${indent}  ]`;
}

function pythonic(request: Request): string {
  // Strings are matched first, so that a label named true stays as it is.
  return printed(request, '').replace(/"(?:[^"\\]|\\.)*"|\btrue\b|\bfalse\b/g, (word) =>
    word === 'true' ? 'True' : word === 'false' ? 'False' : word,
  );
}
