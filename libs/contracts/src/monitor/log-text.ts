import { LOG_LINE_MAX_BYTES } from './log-entry.js';

/** Colours and weights (ECMA-48 8.3.117, SGR), in their 7-bit and 8-bit form: they carry no words and are taken out. */
// eslint-disable-next-line no-control-regex -- an escape sequence begins with a control
const SGR = /(?:\u001b\[|\u009b)[0-9;:]*m/g;

/** What a person can not see or what reorders what they see: C0 but tab, DEL, C1, separators, bidi controls, lone surrogates. */
// eslint-disable-next-line no-control-regex -- these are the characters it is about
const UNREADABLE = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\p{Cs}]/gu;

/** A control becomes its picture (U+2400 and on), so that an escape sequence is read as text and not obeyed. */
function visible(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  if (code === 0x7f) return '\u2421';
  if (code >= 0xd800 && code <= 0xdfff) return '\ufffd';
  return `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`;
}

const utf8Bytes = (code: number): number => (code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x1_0000 ? 3 : 4);

/** Foreign text made inert: nothing in it moves a cursor, sets a title, hides or reorders. Tabs stay, colours go. */
export const readableText = (text: string): string => text.replace(SGR, '').replace(UNREADABLE, visible);

/** One line of a log made inert and cut to 8 KiB of UTF-8; `cutBytes` tells how much of it is missing. */
export function readableLine(text: string): { message: string; cutBytes?: number } {
  const message = readableText(text);
  if (message.length * 3 <= LOG_LINE_MAX_BYTES) return { message };
  let bytes = 0;
  let kept = 0;
  for (const character of message) {
    bytes += utf8Bytes(character.codePointAt(0) ?? 0);
    if (bytes <= LOG_LINE_MAX_BYTES) kept += character.length;
  }
  if (kept === message.length) return { message };
  const keptText = message.slice(0, kept);
  let keptBytes = 0;
  for (const character of keptText) keptBytes += utf8Bytes(character.codePointAt(0) ?? 0);
  return { message: keptText, cutBytes: bytes - keptBytes };
}
