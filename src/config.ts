import { availableParallelism } from 'node:os';
import { type Static, type TSchema, Type } from '@sinclair/typebox';
import envSchema from 'env-schema';
import { readKeyFile, readKeys, readOrigins } from './listed.ts';

const Count = (value: number, description: string, minimum = 1, maximum = Number.MAX_SAFE_INTEGER) =>
  Type.Integer({ minimum, maximum, default: value, description });
/** V8 has no longer text than this; a body or a reply that is one must fit. */
const LONGEST_TEXT = 2 ** 29 - 24;
/** A float64 and its comma, at their longest. */
const LONGEST_NUMBER = 26;
const Milliseconds = (value: number, minimum: number, description: string) =>
  Type.Integer({ minimum, maximum: 2_147_483_647, default: value, description });

/** Every setting, its range and its default. */
const Settings = Type.Object({
  PORT: Type.Integer({ minimum: 0, maximum: 65_535, default: 8080, description: 'The port; 0 takes a free one.' }),
  HOST: Type.String({ minLength: 1, default: '127.0.0.1', description: 'The address to listen on.' }),
  LOG_LEVEL: Type.Union(
    ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'].map((level) => Type.Literal(level)),
    { default: 'info', description: 'info: failures and slow requests; debug: every request.' },
  ),
  MAX_BODY_BYTES: Count(67_108_864, 'Bytes of a request body.', 1, LONGEST_TEXT),
  MAX_WORK: Count(200_000_000_000, 'Multiply-adds of one request.'),
  MAX_PENDING_WORK: Count(1_000_000_000_000, 'Multiply-adds of all admitted requests together; then 429.'),
  MAX_PENDING_BYTES: Count(1_073_741_824, 'Bytes that all admitted requests hold together: bodies, numbers, replies; then 429.'),
  MAX_CONNECTIONS: Count(10_000, 'Open connections; then the one idle longest is closed for a new one.'),
  MAX_REPLY_NUMBERS: Count(16_777_216, 'Numbers in one reply.', 1, Math.floor(LONGEST_TEXT / LONGEST_NUMBER)),
  REQUEST_TIMEOUT_MS: Milliseconds(
    30_000,
    1,
    'Time for the body to arrive, and again until the reply begins; in NDJSON for each line, and for a reader that stands still.',
  ),
  DRAIN_MS: Milliseconds(5000, 0, 'From not ready to closed, when asked to stop.'),
  ENGINE: Type.Union([Type.Literal('auto'), Type.Literal('simd'), Type.Literal('reference')], {
    default: 'auto',
    description: 'auto: the widest kernel that passes its self-check; simd: no experimental V8 flag; reference.',
  }),
  JSON_CODEC: Type.Union([Type.Literal('auto'), Type.Literal('portable')], {
    default: 'auto',
    description: 'Who prints the numbers of JSON: auto: WebAssembly; portable: JavaScript alone.',
  }),
  THREADS: Type.Integer({ minimum: 1, maximum: 1024, default: availableParallelism(), description: 'Compute threads.' }),
  API_KEY: Type.Optional(Type.String({ description: 'Keys, by comma or line, one of which every POST wants as its bearer; unset: open.' })),
  API_KEY_FILE: Type.Optional(Type.String({ description: 'A file of such keys, read at start.' })),
  OTEL_EXPORTER_OTLP_ENDPOINT: Type.Optional(
    Type.String({ pattern: '^https?://[^\\s/]\\S*$', description: 'The collector that spans go to, over OTLP/HTTP; unset: no spans.' }),
  ),
  METRICS_PORT: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 65_535, description: 'The port that has /metrics and /info instead; 0 takes a free one.' }),
  ),
  COMPRESS_REPLIES: Type.Boolean({ default: false, description: 'Packs numbers too, as Accept-Encoding likes best.' }),
  CORS_ORIGIN: Type.Optional(Type.String({ description: 'Origins, by comma, whose pages may ask; or *.' })),
  EMBED_ORIGINS: Type.Optional(Type.String({ description: 'Origins, by comma, whose pages may frame the playground; or *.' })),
});

/** What the settings that are lists say, read. */
interface Lists {
  /** Of API_KEY and API_KEY_FILE; none: the service is open. */
  readonly keys: readonly string[];
  /** Of CORS_ORIGIN. */
  readonly origins: readonly string[];
  /** Of EMBED_ORIGINS. */
  readonly framers: readonly string[];
}

export type Config = Readonly<Omit<Static<typeof Settings>, 'API_KEY' | 'API_KEY_FILE' | 'CORS_ORIGIN' | 'EMBED_ORIGINS'>> & Lists;

/** Settings that can't be used; the message names every fault. */
export class InvalidSettings extends Error {
  override readonly name = 'InvalidSettings';
}

/**
 * The settings of this environment, with defaults, frozen.
 * @throws InvalidSettings naming every setting that is out of its range
 */
export function readConfig(environment: Readonly<Record<string, string | undefined>> = process.env): Config {
  const faults: string[] = [];
  const asked = Object.fromEntries(Object.entries(environment).filter(([name]) => name in Settings.properties));
  const read = <Value>(name: string, reader: (text: string) => readonly Value[]): readonly Value[] => {
    try {
      return asked[name] === undefined ? [] : reader(asked[name]);
    } catch (error) {
      faults.push(`${name} ${(error as Error).message}`);
      return [];
    }
  };
  const keys = [...read('API_KEY', readKeys), ...read('API_KEY_FILE', readKeyFile)];
  const origins = read('CORS_ORIGIN', readOrigins);
  const framers = read('EMBED_ORIGINS', readOrigins);
  try {
    const { API_KEY, API_KEY_FILE, CORS_ORIGIN, EMBED_ORIGINS, ...config } = envSchema<Static<typeof Settings>>({
      schema: Settings,
      data: asked,
      env: false,
    });
    if (config.METRICS_PORT !== undefined && config.METRICS_PORT !== 0 && config.METRICS_PORT === config.PORT)
      faults.push(`METRICS_PORT must be another port than PORT, got ${config.PORT} for both; unset, PORT has /metrics and /info`);
    if (faults.length === 0) return Object.freeze({ ...config, keys, origins, framers });
  } catch (error) {
    faults.push(...settingFaults(error, asked));
  }
  throw new InvalidSettings(`the settings can’t be used:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
}

interface SchemaError {
  readonly instancePath: string;
  readonly keyword: string;
  readonly message?: string;
}

function settingFaults(error: unknown, asked: Readonly<Record<string, string | undefined>>): string[] {
  const errors = (error as { errors?: readonly SchemaError[] }).errors;
  if (!errors) throw error;
  const names = [...new Set(errors.map(({ instancePath }) => instancePath.slice(1)))];
  return names.map((name) => {
    const rule = rules(name) ?? errors.find(({ instancePath }) => instancePath === `/${name}`)?.message;
    return `${name} ${rule}, got ${JSON.stringify(asked[name])}`;
  });
}

function rules(name: string): string | undefined {
  const setting: TSchema | undefined = Settings.properties[name as keyof typeof Settings.properties];
  if (setting?.['anyOf']) return `must be one of ${setting['anyOf'].map((one: TSchema) => one['const']).join(', ')}`;
  if (setting?.['type'] === 'boolean') return 'must be true or false';
  if (setting?.['pattern']) return 'must be an address that begins with http:// or https://';
  if (setting?.['minimum'] !== undefined) return `must be an integer from ${setting['minimum']} to ${setting['maximum']}`;
  return undefined;
}
