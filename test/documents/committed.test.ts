import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { useService } from '../http/service.ts';

const service = useService({ ENGINE: 'reference', THREADS: '1' });

test('the document is the committed one, word for word', async () => {
  const committed = readFileSync(new URL('../../openapi/openapi.json', import.meta.url), 'utf8');
  expect((await service.get('/openapi.json')).json).toEqual(JSON.parse(committed));
});
