// Where things lie in the module's memory, and what a record of an array holds. src/wire/numbers/scanner.ts reads them.

// Bytes of a body that are looked at together.
export const WINDOW_BYTES: i32 = 65536;
// Room past a window for words of eight bytes that begin within it.
const PADDING: i32 = 16;

// An array that is shorter stays in the text: there it is read as quickly, and by whatever reader it is for.
export const SHORT_BYTES: i32 = 64;
// So does a list, which may be one of positions, or a shape.
export const SHORT_LIST_BYTES: i32 = 4096;

export const MOST_AXES: i32 = 8;
// The kind, the first and the last byte of the text, the first element, whether there are nulls, the axes, the size of each.
export const RECORD_BYTES: i32 = 4 * (6 + MOST_AXES);
// One may have begun in an earlier window.
const MOST_RECORDS: i32 = WINDOW_BYTES / SHORT_BYTES + 1;

export const INPUT: usize = memory.data(WINDOW_BYTES + PADDING, 16);
// An element is at least one byte, and one parts it from the next.
export const NUMBERS: usize = memory.data((WINDOW_BYTES / 2) * 8, 16);
export const BOOLEANS: usize = memory.data(WINDOW_BYTES / 4, 16);
export const RECORDS: usize = memory.data(MOST_RECORDS * RECORD_BYTES, 16);

// What a function gives in place of an address: the rest of the text is needed, or this module can't read it.
export const WAIT: usize = 0;
export const GIVE_UP: usize = 1;
