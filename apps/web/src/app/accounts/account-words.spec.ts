import { allPermissions } from '@muster/contracts';
import { choosable, deviceWords, typeOf } from './account-words.js';

describe('the words for an account', () => {
  it('call it by its type when its permissions are those of one, in whatever order', () => {
    expect(typeOf([...allPermissions].reverse())).toBe('Administrator');
    expect(typeOf(['fleet:view'])).toBe('Viewer');
  });
  it('count its permissions otherwise', () => {
    expect(typeOf(['fleet:view', 'nodes:manage'])).toBe('2 permissions');
    expect(typeOf(['nodes:manage'])).toBe('1 permission');
    expect(typeOf([])).toBe('0 permissions');
  });
});

it('offers what one has oneself, and what the account has already', () =>
  expect(choosable(['accounts:manage', 'fleet:view'], ['nodes:manage'])).toEqual([
    'fleet:view',
    'nodes:manage',
    'accounts:manage',
  ]));

describe('the words for a device', () => {
  it.each([
    [
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0 Safari/537.36',
      'Chrome on Linux',
    ],
    ['Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:142.0) Gecko/20100101 Firefox/142.0', 'Firefox on Windows'],
    ['Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1 Version/18.0 Safari/605.1', 'Safari on macOS'],
    ['Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/139.0 Safari/537.36 Edg/139.0', 'Edge on Windows'],
    ['Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/139.0 Safari/537.36', 'Chrome on Linux'],
    ['Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/139.0 Mobile Safari/537.36', 'Chrome on Android'],
    ['curl/8.5.0', 'curl/8.5.0'],
    [' ', 'Unknown device'],
  ])('%j are %s', (device, words) => expect(deviceWords(device)).toBe(words));
});
