import { type LogEntry, readableText } from '@muster/contracts';

const lostWords = (lost: number | undefined): string => (lost === undefined ? 'lines lost' : `${lost} lines lost`);

/** One entry as a line of a text file: time, level, source and message, made inert for whatever shows the file. */
export function lineOf(entry: LogEntry): string {
  switch (entry.kind) {
    case 'line': {
      const { at, level, source, message, cutBytes } = entry.line;
      const cut = cutBytes === undefined ? '' : ` [${cutBytes} bytes cut]`;
      return readableText(`${at} ${level.toUpperCase().padEnd(8)} ${source}: ${message}`) + cut;
    }
    case 'remark':
      return readableText(`${entry.at} ${entry.level.toUpperCase().padEnd(8)} gateway: ${entry.message}`);
    case 'gap':
      return `${entry.at} -------- ${lostWords(entry.lost)} (${entry.where})`;
  }
}

/** A name as a file name: what could mean something to a file system or a header becomes a hyphen. */
export const fileNameOf = (name: string): string => {
  const plain = name
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '');
  return `${plain === '' ? 'node' : plain.slice(0, 64)}.log.txt`;
};
