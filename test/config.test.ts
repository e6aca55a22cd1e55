import { availableParallelism } from 'node:os';
import { describe, expect, test } from 'vitest';
import { readConfig } from '../src/config.ts';

describe('readConfig', () => {
  test('has the defaults of the contract', () => {
    expect(readConfig({})).toMatchObject({
      PORT: 8080,
      HOST: '127.0.0.1',
      LOG_LEVEL: 'info',
      MAX_BODY_BYTES: 67_108_864,
      MAX_REPLY_NUMBERS: 16_777_216,
      REQUEST_TIMEOUT_MS: 30_000,
      DRAIN_MS: 5000,
      MAX_WORK: 2e11,
      MAX_PENDING_WORK: 1e12,
      MAX_PENDING_BYTES: 1_073_741_824,
      MAX_CONNECTIONS: 10_000,
      THREADS: availableParallelism(),
      ENGINE: 'auto',
    });
  });

  test('is frozen, and takes no notice of what is no setting', () => {
    const config = readConfig({ PORT: '1234', MAX_WORK: '2e11', HOME: '/somewhere' });
    expect(Object.isFrozen(config)).toBe(true);
    expect([config.PORT, config.MAX_WORK]).toEqual([1234, 2e11]);
    expect(config).not.toHaveProperty('HOME');
  });

  test.each([
    [{ PORT: 'http' }, 'PORT must be an integer from 0 to 65535, got "http"'],
    [{ PORT: '' }, 'PORT must be an integer'],
    [{ MAX_BODY_BYTES: '0' }, 'MAX_BODY_BYTES must be an integer from 1'],
    [{ MAX_PENDING_BYTES: '1GB' }, 'MAX_PENDING_BYTES must be an integer from 1'],
    [{ MAX_CONNECTIONS: '0' }, 'MAX_CONNECTIONS must be an integer from 1'],
    [{ MAX_WORK: '1.5' }, 'MAX_WORK must be an integer'],
    [{ ENGINE: 'fast' }, 'ENGINE must be one of auto, simd, reference, got "fast"'],
    [{ HOST: '' }, 'HOST'],
    [{ CORS_ORIGIN: '*' }, 'CORS_ORIGIN is not built yet'],
  ])('refuses %o', (environment, words) => {
    expect(() => readConfig(environment)).toThrow(words);
  });

  test('names every fault at once', () => {
    expect(() => readConfig({ PORT: '-1', DRAIN_MS: 'x', API_KEY: '2' })).toThrow(/API_KEY[\s\S]*PORT[\s\S]*DRAIN_MS/);
  });
});
