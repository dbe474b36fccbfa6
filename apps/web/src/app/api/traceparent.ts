const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/**
 * Names a new trace for one order, so that everything that follows from a click can be found together (W3C Trace Context, 3.2).
 * Ids are random and say nothing; where the Gateway makes no traces it is passed over. `random` fills the bytes that it is given.
 */
export function newTraceparent(random: (bytes: Uint8Array<ArrayBuffer>) => void): string {
  const bytes = new Uint8Array(24);
  random(bytes);
  // All zeros name nothing.
  bytes[0] = (bytes[0] ?? 0) | 1;
  bytes[16] = (bytes[16] ?? 0) | 1;
  return `00-${hex(bytes.subarray(0, 16))}-${hex(bytes.subarray(16))}-01`;
}
