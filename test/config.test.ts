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
      JSON_CODEC: 'auto',
    });
  });

  test('reads keys by comma or line, and origins by comma', () => {
    const { keys, origins } = readConfig({ API_KEY: ' a,\nb==\r\n,c', CORS_ORIGIN: 'https://page.example, http://127.0.0.1:3000' });
    expect(keys).toEqual(['a', 'b==', 'c']);
    expect(origins).toEqual(['https://page.example', 'http://127.0.0.1:3000']);
    expect(readConfig({})).toMatchObject({ keys: [], origins: [], framers: [] });
    expect(readConfig({ EMBED_ORIGINS: 'https://school.example' }).framers).toEqual(['https://school.example']);
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
    [{ JSON_CODEC: 'fast' }, 'JSON_CODEC must be one of auto, portable, got "fast"'],
    [{ HOST: '' }, 'HOST'],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'localhost:4318' }, 'OTEL_EXPORTER_OTLP_ENDPOINT must be an address that begins with http:// or https://'],
    [{ METRICS_PORT: '65536' }, 'METRICS_PORT must be an integer from 0 to 65535, got "65536"'],
    [{ METRICS_PORT: '8080' }, 'METRICS_PORT must be another port than PORT, got 8080 for both'],
    [{ COMPRESS_REPLIES: 'yes' }, 'COMPRESS_REPLIES must be true or false, got "yes"'],
    [{ EMBED_ORIGINS: 'school.example' }, 'EMBED_ORIGINS must hold origins as browsers send them, got "school.example"'],
    [{ API_KEY: '' }, 'API_KEY must hold at least one key; leave it unset for a service that is open'],
    [{ API_KEY: ' , ' }, 'API_KEY must hold at least one key'],
    [{ API_KEY: 'a,b c' }, 'API_KEY must hold keys of letters, digits and -._~+/ (then = at the end), by comma or line; key 2 is none'],
    [{ API_KEY: 'schlüssel' }, 'key 1 is none'],
    [{ API_KEY_FILE: '/nowhere/keys' }, 'API_KEY_FILE must be a file that can be read (ENOENT), got "/nowhere/keys"'],
    [{ API_KEY_FILE: '/dev/null' }, 'API_KEY_FILE must hold at least one key'],
    [{ CORS_ORIGIN: '' }, 'CORS_ORIGIN must hold at least one origin'],
    [{ CORS_ORIGIN: '*,https://page.example' }, 'CORS_ORIGIN must be * alone'],
    [{ CORS_ORIGIN: 'https://page.example/' }, 'got "https://page.example/"; it is https://page.example'],
    [{ CORS_ORIGIN: 'https://a.example,HTTPS://B.example:443' }, 'got "HTTPS://B.example:443"; it is https://b.example'],
    [{ CORS_ORIGIN: 'page.example' }, 'CORS_ORIGIN must hold origins as browsers send them, got "page.example"'],
    [{ CORS_ORIGIN: 'null' }, 'got "null"'],
  ])('refuses %o', (environment, words) => {
    expect(() => readConfig(environment)).toThrow(words);
  });

  test('names every fault at once', () => {
    expect(() => readConfig({ PORT: '-1', DRAIN_MS: 'x', API_KEY: '' })).toThrow(/API_KEY[\s\S]*PORT[\s\S]*DRAIN_MS/);
  });
});
