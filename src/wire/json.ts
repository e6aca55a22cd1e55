import { isUtf8 } from 'node:buffer';
import { type ParseErrorCode, printParseErrorCode, visit } from 'jsonc-parser';
import { Failure } from '../engine/failure.ts';
import { type MakeRoom, parsedBytes, refuseLong } from './parsed-bytes.ts';
import { stringFault } from './string-fault.ts';
import { structureOf } from './structure.ts';

/** A body that is not JSON; `line` and `column` are 1-based, where the parse stopped. */
function malformedJson(detail: string, line: number, column: number): Failure {
  return new Failure('malformed-json', `line ${line}, column ${column}: ${detail}`);
}

/** What is said of a text that is not JSON, besides where and what. */
interface Advice {
  /** What to write instead, where the text has a bare NaN or Infinity. */
  readonly noSuchNumber?: string;
  /** Why bytes that are no JSON may stand in the text, or after it. */
  readonly otherBytes?: string | undefined;
}

/** No request nests deeper. The time that JSON.parse takes grows with the square of the depth, and nothing can stop it. */
const DEEPEST = 64;
/** What to do where JSON lacks a number: `POST /attention` has no other word for it. */
const NO_SUCH_NUMBER =
  'JSON has no NaN and no Infinity: every number must be finite. To leave a key out, say false in `mask`; an lse without a key is null';
/** Of bytes that are not UTF-8 so many are looked at together. */
const WINDOW_BYTES = 65_536;
const BYTE_ORDER_MARK = 0xfe_ff;

/**
 * The value that the bytes hold as JSON (RFC 8259, UTF-8). A byte order mark before it is left out.
 * @param makeRoom asked for what JSON.parse will hold, before it begins
 * @throws Failure `malformed-json` with the line and the column of the first fault, `body-too-large` where it is made of so much that parsing
 * it would take too long; what `makeRoom` throws
 */
export function parseJson(bytes: Buffer, advice: Advice = {}, makeRoom?: MakeRoom): unknown {
  if (!isUtf8(bytes)) throw malformedUtf8(bytes, advice);
  const structure = structureOf(bytes, DEEPEST);
  if (structure.tooDeepAt >= 0) throw malformedAt(bytes, structure.tooDeepAt, `nested deeper than ${DEEPEST} levels`);
  refuseLong(structure);
  const parsed = parsedBytes(bytes, structure);
  // The bytes are the pieces of the body, joined.
  makeRoom?.(bytes.length + parsed, parsed);
  let text = bytes.toString('utf8');
  if (text.charCodeAt(0) === BYTE_ORDER_MARK) text = text.slice(1);
  try {
    return JSON.parse(text);
  } catch {
    throw malformed(text, advice);
  }
}

/** JSON.parse often says no position, so the text is read again, by a parser that does. Only on the error path. */
function malformed(text: string, { noSuchNumber = NO_SUCH_NUMBER, otherBytes }: Advice): Failure {
  if (/^[ \t\r\n]*$/.test(text)) return malformedJson('the body is empty; a JSON object is required', 1, 1);
  const found = firstFault(text);
  if (!found) return malformedJson('the body does not parse', 1, 1);
  const inString = stringFault(text, found.offset);
  const offset = inString?.offset ?? found.offset;
  const before = text.slice(0, offset);
  const bare = bareWord(text, offset);
  const detail = inString?.detail ?? (bare === undefined ? words(found.code, text, offset) : `${bare} is not a number of JSON. ${noSuchNumber}`);
  return malformedJson(
    otherBytes !== undefined && isJson(before) ? `${detail}; ${otherBytes}` : detail,
    linesOf(before),
    offset - before.lastIndexOf('\n'),
  );
}

/** Counted one after the other: as a list they would hold many times the text. */
function linesOf(text: string): number {
  let lines = 1;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++;
  return lines;
}

/** Thrown to stop the parser at the first fault. */
class Found extends Error {
  readonly offset: number;
  readonly code: string;

  constructor(offset: number, code: string) {
    super(code);
    this.offset = offset;
    this.code = code;
  }
}

function firstFault(text: string): Found | undefined {
  const onError = (code: ParseErrorCode, offset: number): never => {
    throw new Found(offset, printParseErrorCode(code));
  };
  try {
    visit(text, { onError }, { disallowComments: true });
  } catch (fault) {
    if (fault instanceof Found) return fault;
    throw fault;
  }
  return undefined;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** NaN or an infinity that stands at the fault as other languages print it: `NaN`, `-Infinity`, `nan`, `inf`. */
function bareWord(text: string, offset: number): string | undefined {
  return /^[-+]?(?:nan|infinity|inf)(?![\w$])/i.exec(text.slice(offset, offset + 12))?.[0];
}

/** `CloseBracketExpected` → `close bracket expected, got "}"`. */
function words(code: string, text: string, offset: number): string {
  const rule = code.replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  const got = offset >= text.length ? 'the end of the body' : JSON.stringify(String.fromCodePoint(text.codePointAt(offset) ?? 0));
  return `${rule.charAt(0).toLowerCase()}${rule.slice(1)}, got ${got}`;
}

function malformedUtf8(bytes: Buffer, { otherBytes }: Advice): Failure {
  const sound = soundBytes(bytes);
  // Decoding replaces what is not UTF-8, so encoding again differs first where the fault stands.
  const part = bytes.subarray(sound, sound + WINDOW_BYTES);
  const again = Buffer.from(part.toString('utf8'), 'utf8');
  let offset = 0;
  while (offset < part.length && part[offset] === again[offset]) offset++;
  offset += sound;
  const detail = 'a byte that is not UTF-8';
  return malformedAt(bytes, offset, otherBytes === undefined ? detail : `${detail}; ${otherBytes}`);
}

/** Bytes of UTF-8 from the beginning on, up to at most a window before the first that is not. */
function soundBytes(bytes: Buffer): number {
  for (let from = 0; ; ) {
    let end = from + WINDOW_BYTES;
    // A letter of several bytes stays in one piece.
    while (end < bytes.length && end > from && isContinuation(bytes[end])) end--;
    if (end === from || end >= bytes.length || !isUtf8(bytes.subarray(from, end))) return from;
    from = end;
  }
}

function isContinuation(byte = 0): boolean {
  return (byte & 0xc0) === 0x80;
}

function malformedAt(bytes: Buffer, offset: number, detail: string): Failure {
  const before = bytes.subarray(0, offset).toString('utf8');
  return malformedJson(detail, linesOf(before), before.length - before.lastIndexOf('\n'));
}
