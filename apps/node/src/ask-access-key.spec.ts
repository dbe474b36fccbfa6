import { PassThrough } from 'node:stream';
import { askAccessKey } from './ask-access-key.js';

const KEY = 'k'.repeat(43);
const ask = (text: string, isTTY = false) => {
  const input = Object.assign(new PassThrough(), { isTTY, setRawMode: () => input }) as unknown as NodeJS.ReadStream;
  let shown = '';
  const asked = askAccessKey(input, { write: (chunk: unknown) => ((shown += String(chunk)), true) });
  (input as unknown as PassThrough).end(text);
  return { asked, shown: () => shown };
};

describe('asking for the access key', () => {
  it('takes the first line of the input', async () => {
    await expect(ask(`${KEY}\nmore\n`).asked).resolves.toBe(KEY);
    await expect(ask(`  ${KEY}`).asked).resolves.toBe(KEY);
  });

  it('shows nothing of what a person types, and asks again when it is no key', async () => {
    const { asked, shown } = ask(`wrong\r${KEY}\r`, true);
    await expect(asked).resolves.toBe(KEY);
    expect(shown().match(/Access key/g)).toHaveLength(2);
    expect(shown()).not.toContain('wrong');
    expect(shown()).not.toContain(KEY);
  });

  it('ends when none comes', async () => {
    await expect(ask('').asked).rejects.toThrow('No access key was given');
    await expect(ask('short\n').asked).rejects.toThrow('No access key was given');
  });
});
