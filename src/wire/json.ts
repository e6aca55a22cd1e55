import { isUtf8 } from 'node:buffer';
import { type ParseErrorCode, printParseErrorCode, visit } from 'jsonc-parser';

/** A body that is not JSON; `line` and `column` are 1-based, where the parse stopped. */
export class MalformedJson extends Error {
  override readonly name = 'MalformedJson';
  readonly line: number;
  readonly column: number;

  constructor(detail: string, line: number, column: number) {
    super(detail);
    this.line = line;
    this.column = column;
  }
}

const DEEPEST = 500;
const BYTE_ORDER_MARK = 0xfe_ff;

/**
 * The value that the bytes hold as JSON (RFC 8259, UTF-8). A byte order mark before it is left out.
 * @throws MalformedJson with the line and the column of the first fault
 */
export function parseJson(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw malformedUtf8(bytes);
  let text = bytes.toString('utf8');
  if (text.charCodeAt(0) === BYTE_ORDER_MARK) text = text.slice(1);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw malformed(text, error);
  }
}

/** JSON.parse often says no position, so the text is read again, by a parser that does. Only on the error path. */
function malformed(text: string, error: unknown): MalformedJson {
  if (text.trim() === '') return new MalformedJson('the body is empty; a JSON object is required', 1, 1);
  const fault = firstFault(text);
  if (!fault) return new MalformedJson(error instanceof Error ? error.message : 'the body does not parse', 1, 1);
  const before = text.slice(0, fault.offset);
  const line = before.split('\n').length;
  return new MalformedJson(fault.message, line, fault.offset - before.lastIndexOf('\n'));
}

class Found extends Error {
  readonly offset: number;

  constructor(offset: number, detail: string) {
    super(detail);
    this.offset = offset;
  }
}

function firstFault(text: string): Found | undefined {
  let depth = 0;
  const open = (offset: number): void => {
    depth += 1;
    // The parser recurses: a body nested deeper than any request must not exhaust the stack.
    if (depth > DEEPEST) throw new Found(offset, `nested deeper than ${DEEPEST} levels, and does not parse`);
  };
  const close = (): void => {
    depth -= 1;
  };
  const onError = (code: ParseErrorCode, offset: number): never => {
    throw new Found(offset, words(printParseErrorCode(code), text, offset));
  };
  try {
    visit(text, { onError, onObjectBegin: open, onArrayBegin: open, onObjectEnd: close, onArrayEnd: close }, { disallowComments: true });
  } catch (fault) {
    if (fault instanceof Found) return fault;
    throw fault;
  }
  return undefined;
}

/** `CloseBracketExpected` → `close bracket expected, got "}"`. */
function words(code: string, text: string, offset: number): string {
  const rule = code.replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  const got = offset >= text.length ? 'the end of the body' : JSON.stringify(String.fromCodePoint(text.codePointAt(offset) ?? 0));
  return `${rule.charAt(0).toLowerCase()}${rule.slice(1)}, got ${got}`;
}

function malformedUtf8(bytes: Buffer): MalformedJson {
  // Decoding replaces what is not UTF-8, so encoding again differs first where the fault stands.
  const again = Buffer.from(bytes.toString('utf8'), 'utf8');
  let offset = 0;
  while (offset < bytes.length && bytes[offset] === again[offset]) offset++;
  const before = bytes.subarray(0, offset).toString('utf8');
  return new MalformedJson('a byte that is not UTF-8', before.split('\n').length, before.length - before.lastIndexOf('\n'));
}
