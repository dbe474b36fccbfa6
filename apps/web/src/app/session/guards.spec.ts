import { nextOf } from './guards.js';

describe('nextOf', () => {
  it('leads back to a page of the console', () => expect(nextOf('/nodes/a?b')).toBe('/nodes/a?b'));

  it.each([undefined, '', 'https://elsewhere.example', '//elsewhere.example', 'nodes'])(
    'leads to the nodes instead of to %s',
    (next) => expect(nextOf(next)).toBe('/nodes'),
  );
});
