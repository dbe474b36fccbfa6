import { Host, Port } from '@muster/contracts';
import { problemWith, readNumber } from './rules.js';

describe('rules of fields', () => {
  it.each(['', ' ', '-1', '1e3', '80 22', '0x50', '8022.5'])('reads no number from "%s"', (text) =>
    expect(readNumber(text)).toBeNaN(),
  );

  it('reads a number with white space around it', () => expect(readNumber(' 8022 ')).toBe(8022));

  it.each([
    [Host, 'http://gpu-04', 'Leave out the scheme: enter the host alone, as in gpu-04.lab'],
    [Host, 'gpu-04/x', 'Leave out the path: enter the host alone, as in gpu-04.lab'],
    [Host, 'gpu 04', 'The host contains a space'],
    [Port, 70_000, 'The port must lie between 1 and 65535'],
    [Port, NaN, 'The port must be a number'],
  ])('has its own words for each mistake', (schema, value, words) => expect(problemWith(schema, value)).toBe(words));

  it('has nothing to say about what is right', () => expect(problemWith(Host, 'gpu-04.lab')).toBeUndefined());
});
