import { standingOf } from './pull.js';

describe('where a message of a stream stands', () => {
  it('is read from the subject of its acknowledgement, in either form', () => {
    const standing = { delivered: 7, sequence: 1_234, pending: 56 };
    expect(standingOf('$JS.ACK.REQUESTS.reader.1.1234.7.1764000000000000000.56')).toEqual(standing);
    expect(standingOf('$JS.ACK.hub.ACCOUNT.REQUESTS.reader.1.1234.7.1764000000000000000.56.x')).toEqual(standing);
  });

  it.each([undefined, '', 'a.b', '$JS.ACK.REQUESTS.reader.1.a.7.1.56', '$JS.API.REQUESTS.reader.1.1.7.1.56'])(
    'is not guessed: %s',
    (reply) => {
      expect(() => standingOf(reply)).toThrow('does not say where it stands');
    },
  );
});
