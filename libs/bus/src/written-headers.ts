import { MsgHdrsImpl } from '@nats-io/nats-core/internal';

const LINE_ENDS = /[\r\n]/;

/**
 * Headers that are sent and never asked: their words are made at once (NATS ADR-4). The client's own look through all names, and
 * at each letter of a name, for every one that is set, which for the headers of a fact costs more than to send it. Throws where a
 * value has a line end, as those do.
 */
export class WrittenHeaders extends MsgHdrsImpl {
  readonly #text: string;

  constructor(attributes: Readonly<Record<string, string>>) {
    super();
    let text = 'NATS/1.0';
    for (const name in attributes) text += `\r\n${name}: ${wordsOf(attributes[name] ?? '')}`;
    this.#text = `${text}\r\n\r\n`;
  }

  override toString(): string {
    return this.#text;
  }
}

function wordsOf(value: string): string {
  if (LINE_ENDS.test(value)) throw new Error('A header can not hold a line end');
  return value;
}
