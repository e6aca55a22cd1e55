import { expect } from 'vitest';
import { slow } from '../slow.ts';
import { useService } from './service.ts';

const service = useService();

slow('four hundred bodies of 1024 × 64 leave nothing behind', async () => {
  const tokens = Array.from({ length: 1024 }, (_, r) => Array.from({ length: 64 }, (_, c) => Math.sin(r * 64 + c)));
  const body = JSON.stringify({ tokens, query: 5 });
  const ask = async (times: number) => {
    for (let i = 0; i < times; i++) expect((await service.ask(body)).status).toBe(200);
    globalThis.gc?.();
    return process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
  };
  const before = await ask(100);
  const after = await ask(300);
  // A leak of one token matrix a request would be 78 MB by now.
  expect(after - before).toBeLessThan(25_000_000);
});
