/** What is wrong inside a JSON string, and the offset where it stands. */
interface StringFault {
  readonly offset: number;
  readonly detail: string;
}

const ESCAPE = /\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y;
const SPACE = 0x20;

/** The first fault of the JSON string (RFC 8259, section 7) whose opening quote stands at `start`; undefined where it has none, or no string is there. */
export function stringFault(text: string, start: number): StringFault | undefined {
  if (text[start] !== '"') return undefined;
  let offset = start + 1;
  while (offset < text.length) {
    const unit = text.charCodeAt(offset);
    if (text[offset] === '"') return undefined;
    if (unit < SPACE) {
      const given = `\\u${unit.toString(16).padStart(4, '0')}`;
      return { offset, detail: `a string holds no control character as it is; write ${given}` };
    }
    if (text[offset] !== '\\') {
      offset++;
      continue;
    }
    ESCAPE.lastIndex = offset;
    if (!ESCAPE.test(text)) {
      const given = JSON.stringify(text.slice(offset, offset + (text[offset + 1] === 'u' ? 6 : 2)));
      return { offset, detail: `an escape in a string is \\" \\\\ \\/ \\b \\f \\n \\r \\t or \\u and four hex digits, got ${given}` };
    }
    offset = ESCAPE.lastIndex;
  }
  return { offset: start, detail: 'the string that begins here has no end' };
}
