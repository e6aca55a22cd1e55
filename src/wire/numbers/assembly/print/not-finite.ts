/** Whether what is not finite is a word, and not null. */
let words = false;

export function setWords(wanted: bool): void {
  words = wanted;
}

/** null, or "NaN", "Infinity", "-Infinity" */
export function writeNonFinite(p: usize, value: f64): usize {
  if (!words) {
    store<u32>(p, 0x6c6c756e);
    return p + 4;
  }
  store<u8>(p++, 0x22);
  if (isNaN(value)) {
    store<u32>(p, 0x224e614e);
    return p + 4;
  }
  if (value < 0) store<u8>(p++, 0x2d);
  store<u64>(p, 0x7974696e69666e49);
  store<u8>(p, 0x22, 8);
  return p + 9;
}
