import { readFileSync } from 'node:fs';
import converter from 'openapi-to-postmanv2';

/*
 * The requests of the collection that Postman makes of a document, as JSON: `node postman.mjs <document> <Schema|Example>`,
 * the second as in Postman's dialog: what parameters and bodies are filled with.
 */
const [, , path, resolution] = process.argv;
const data = JSON.parse(readFileSync(path, 'utf8'));
const options = { requestParametersResolution: resolution, parametersResolution: resolution };
converter.convertV2({ type: 'json', data }, options, (error, { result, reason, output } = {}) => {
  if (error || !result) throw new Error(reason ?? String(error));
  process.stdout.write(JSON.stringify(output[0].data.item.flatMap(requests)));
});

function requests({ item, name, request }) {
  if (item) return item.flatMap(requests);
  const { method, url, header, body } = request;
  return [{ name, method, path: `/${url.path.join('/')}`, header: header ?? [], body: body?.raw }];
}
