/** e, its sign and up to three digits. */
export function spellExponent(p: usize, exponent: i32): usize {
  store<u16>(p, exponent < 0 ? 0x2d65 : 0x2b65);
  p += 2;
  const power = abs(exponent);
  if (power >= 100) store<u8>(p++, <u8>(0x30 + power / 100));
  if (power >= 10) store<u8>(p++, <u8>(0x30 + (power / 10) % 10));
  store<u8>(p++, <u8>(0x30 + (power % 10)));
  return p;
}
