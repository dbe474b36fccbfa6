import { Origin, readOrigin } from './origin.js';

describe('an origin', () => {
  it.each([
    ['https://muster.example', 'https://muster.example'],
    [' HTTPS://Muster.Example/ ', 'https://muster.example'],
    ['https://muster.example:443', 'https://muster.example'],
    ['http://10.0.4.2:8080', 'http://10.0.4.2:8080'],
    ['http://localhost:80', 'http://localhost'],
    ['http://[::1]:8080', 'http://[::1]:8080'],
  ])('%j is read as %s', (text, origin) => {
    expect(readOrigin(text)).toEqual({ origin });
    expect(Origin.parse(origin)).toBe(origin);
  });

  it.each([
    '',
    'muster.example',
    'ftp://muster.example',
    'https://muster.example/console',
    'https://ada@muster.example',
    'https://muster.example:0',
    'https://muster.example:99999',
    'https://[10.0.4.2]',
    'https://::1',
    'https://*.example',
    'null',
  ])('%j is none', (text) => {
    expect(readOrigin(text)).toEqual({ problem: expect.any(String) as string });
  });

  it('is taken only as browsers write it, and says how that is', () => {
    expect(Origin.safeParse('https://Muster.example/').error?.issues[0]?.message).toBe('Write https://muster.example');
  });
});
