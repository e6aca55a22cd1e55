import { gzipSync } from 'node:zlib';
import type { Json } from '../http/service.ts';
import { Dice } from './dice.ts';
import { ANSWERED, inBytes, reshape, type Tensors } from './tensors.ts';
import { changeText } from './texts.ts';
import { changeValue, placesIn, type Stock, type Value } from './values.ts';

const LINES = 'application/x-ndjson';

/** A request whose body is a valid one of its route with some changes. */
export interface Mutated {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** How many bodies these are: a stream has one a line. */
  readonly count: number;
}

const MOST_LINES = 12;

/** A diagnosis computes a request some fifty times, vectors some hundred such: these get one body of six that would be theirs. */
const DEAR = '/attention/diagnose';
const SHARE_OF_DEAR = 1 / 6;

/** One way to POST, as the OpenAPI document has it. */
interface Way {
  readonly path: string;
  readonly type: string;
  /** What replies may be. */
  readonly accepts: readonly string[];
  /** Bodies to begin with, as JSON. */
  readonly bodies: readonly Value[];
  readonly stock: Stock;
}

/** Every POST route of a document with every type of body. A route that is new is among them by the examples that it has there. */
export function waysToPost({ paths, components }: Json): Way[] {
  const names = namesIn(components.schemas);
  return Object.entries<Json>(paths).flatMap(([path, { post }]) => {
    if (!post) return [];
    const { content } = post.requestBody;
    const accepts = Object.keys(post.responses[200].content).filter((type) => type !== LINES);
    const examples = Object.values<Json>(content['application/json'].examples).map(({ value }) => value as Value);
    const bodies = path.endsWith('/infer') ? [...examples, ...(ANSWERED as unknown as Value[])] : examples;
    const stock = { places: placesIn(bodies), names };
    return Object.keys(content).map((type) => ({ path, type, accepts, bodies, stock }));
  });
}

/** The names of all members of a document's schemas. */
function namesIn(schemas: Json): string[] {
  const names = new Set<string>();
  const look = (value: Json): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const name of Object.keys(value.properties ?? {})) names.add(name);
    for (const inner of Object.values(value)) look(inner);
  };
  look(schemas);
  return [...names];
}

/** The same request in every run with the same seed. */
export function mutated(seed: number, ways: readonly Way[]): Mutated {
  const dice = new Dice(seed);
  const way = pickWay(dice, ways);
  const { path, type } = way;
  if (type === 'application/octet-stream') return inOctets(dice, way);
  const count = type === LINES ? 1 + dice.below(MOST_LINES) : 1;
  const bodies = Array.from({ length: count }, () => text(dice, way));
  const joined = Buffer.from(bodies.join(dice.pick(['\n', '\n', '\r\n', '\n\n'])), 'latin1');
  const headers = { 'content-type': type, ...(type !== LINES && { accept: dice.pick(way.accepts) }) };
  if (!dice.chance(0.02)) return { path, headers, body: joined, count };
  const packed = changeText(dice, gzipSync(joined).toString('latin1'));
  return { path, headers: { ...headers, 'content-encoding': 'gzip' }, body: Buffer.from(packed, 'latin1'), count };
}

function pickWay(dice: Dice, ways: readonly Way[]): Way {
  const way = dice.pick(ways);
  return way.path.startsWith(DEAR) && !dice.chance(SHARE_OF_DEAR) ? pickWay(dice, ways) : way;
}

/** A changed body, its bytes as characters up to 0xff. */
function text(dice: Dice, { bodies, stock }: Way): string {
  const body = dice.pick(bodies);
  const shaped = 'inputs' in (body as object) && dice.chance(0.5) ? (reshape(dice, body as unknown as Tensors) as unknown as Value) : body;
  const how = dice.below(4);
  const value = how === 0 ? shaped : changeValue(dice, shaped, stock);
  const plain = Buffer.from(JSON.stringify(value)).toString('latin1');
  return how <= 1 ? changeText(dice, plain) : plain;
}

const WRONG_LENGTHS = ['0', '-1', '1', '1e2', 'x', '00012', '9007199254740993', '12, 12', '4294967296'];

/** Tensors as bytes: the JSON, the bytes, their number, or what is said of them is changed. */
function inOctets(dice: Dice, { path, type, bodies, stock }: Way): Mutated {
  const body = dice.pick(bodies) as unknown as Tensors;
  const { json, bytes } = inBytes(dice.chance(0.4) ? reshape(dice, body) : body);
  const value = dice.chance(0.5) ? changeValue(dice, json, stock) : json;
  const plain = Buffer.from(JSON.stringify(value)).toString('latin1');
  const before = Buffer.from(dice.chance(0.2) ? changeText(dice, plain) : plain, 'latin1');
  const after = dice.chance(0.5) ? Buffer.from(changeText(dice, bytes.toString('latin1')), 'latin1') : bytes;
  const length = dice.chance(0.8)
    ? `${before.length}`
    : dice.pick([...WRONG_LENGTHS, `${before.length - 1}`, `${before.length + 1}`, `${before.length + after.length}`]);
  return { path, headers: { 'content-type': type, 'inference-header-content-length': length }, body: Buffer.concat([before, after]), count: 1 };
}
