import { describe, expect, test } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { answerFailures } from '../../src/http/failures.ts';
import { Metrics } from '../../src/http/metrics.ts';
import { asProblems } from '../../src/http/printing.ts';
import { healthRoutes } from '../../src/http/routes/health.ts';
import { infoRoutes } from '../../src/http/routes/info.ts';
import { chooseCodec } from '../../src/runtime/codec.ts';
import { chooseEngine } from '../../src/runtime/kernel.ts';
import { useSmall } from './small.ts';

const config = readConfig({ MAX_WORK: '12345', DRAIN_MS: '7', THREADS: '3' });
const measured = chooseEngine('simd');

describe('what runs here', () => {
  const byReference = useSmall((app) => {
    app.setSerializerCompiler(() => JSON.stringify);
    return app.register(infoRoutes, { config, engine: chooseEngine('reference'), codec: chooseCodec('portable') });
  });
  const byModule = useSmall((app) => {
    app.setSerializerCompiler(() => JSON.stringify);
    return app.register(infoRoutes, { config, engine: measured, codec: chooseCodec('auto') });
  });

  test('is said with the limits in force', async () => {
    const { MAX_BODY_BYTES, MAX_REPLY_NUMBERS, REQUEST_TIMEOUT_MS } = config;
    expect(JSON.parse((await byReference.ask('/info')).text)).toEqual({
      name: 'attention-service',
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      node: process.version,
      limits: expect.objectContaining({ MAX_BODY_BYTES, MAX_WORK: 12345, MAX_REPLY_NUMBERS, REQUEST_TIMEOUT_MS, DRAIN_MS: 7 }),
      engine: { kernel: 'reference', threads: 3 },
      json_codec: 'portable',
    });
  });

  test('is said with what was measured at start, to a tenth', async () => {
    const { engine, json_codec } = JSON.parse((await byModule.ask('/info')).text);
    expect(json_codec).toBe('wasm');
    const rates = Object.entries(measured.choice?.rates ?? {});
    expect(rates.length).toBeGreaterThan(0);
    expect(engine).toEqual({
      kernel: measured.name,
      threads: 3,
      gflops: Object.fromEntries(rates.map(([tile, rate]) => [tile, Number(rate.toFixed(1))])),
      chosen_in_ms: Math.round(measured.choice?.milliseconds ?? Number.NaN),
    });
  });
});

describe('health', () => {
  const small = useSmall((app) => {
    app.setSerializerCompiler(() => JSON.stringify);
    answerFailures(app, asProblems(''), new Metrics());
    return app.register(healthRoutes);
  });
  const status = async (path: string) => {
    const reply = await small.ask(path);
    return [reply.status, JSON.parse(reply.text)];
  };

  test('the process lives and is ready, until it drains: then it lives', async () => {
    expect(await status('/livez')).toEqual([200, { status: 'ok' }]);
    expect(await status('/readyz')).toEqual([200, { status: 'ok' }]);
    small.lifecycle.drain();
    expect(await status('/livez')).toEqual([200, { status: 'ok' }]);
    expect(await status('/readyz')).toEqual([503, expect.objectContaining({ type: '/problems/shutting-down', detail: 'asked to stop; draining' })]);
  });
});
