import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** A line longer than this comes in pieces: a program that never breaks its lines must not fill the memory. Characters. */
const MAX_LINE = 16 * 1024;

/**
 * Calls `onLine` for each line of a stream, without its break; for an unfinished last one when the stream ends. `onRest`
 * hears of an unfinished line each time it grows.
 */
export function readLines(
  stream: Readable,
  onLine: (line: string) => void,
  onRest: (unfinished: string) => void = () => undefined,
): void {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  stream.on('data', (bytes: Buffer) => {
    const [...lines] = (rest + decoder.write(bytes)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line.endsWith('\r') ? line.slice(0, -1) : line);
    while (rest.length > MAX_LINE) {
      onLine(rest.slice(0, MAX_LINE));
      rest = rest.slice(MAX_LINE);
    }
    if (rest !== '') onRest(rest);
  });
  stream.once('end', () => {
    rest += decoder.end();
    if (rest !== '') onLine(rest);
    rest = '';
  });
}
