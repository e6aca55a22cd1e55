import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { useService } from '../http/service.ts';

const service = useService();
const dialects = readFileSync(new URL('../../docs/DIALECTS.md', import.meta.url), 'utf8');
const requests = [...dialects.matchAll(/`(\{"tokens".*?\})` \|$/gm)].map(([, request = '']) => request);

test('there is a request in every row of habits', () => {
  const rows = dialects.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| habit'));
  expect(requests).toHaveLength(rows.length);
});

test.each([...new Set(requests)])('the request of the dialects is answered: %s', async (request) => {
  expect((await service.ask(request)).status).toBe(200);
});
