import fc from 'fast-check';
import { addressKey, Host, hostProblem, Port, showAddress } from './address.js';

const wordsOf = (schema: typeof Host | typeof Port, input: unknown): string | undefined =>
  schema.safeParse(input).error?.issues[0]?.message;

describe('a host', () => {
  it.each([
    'localhost',
    'gpu-04.lab',
    'gpu_04',
    'a.b.c.',
    '10.0.4.17',
    '::1',
    'fe80::1',
    '2001:db8::8:800:200c:417a',
    '::ffff:10.0.0.1',
    'xn--bcher-kva.example',
  ])('may be %s', (host) => expect(hostProblem(host)).toBeUndefined());

  it.each([
    ['', 'empty'],
    ['http://gpu-04.lab', 'scheme'],
    ['wss://10.0.0.1', 'scheme'],
    ['gpu-04.lab/models', 'path'],
    ['gpu-04.lab?x', 'path'],
    ['gpu 04', 'space'],
    ['root@gpu-04', 'user'],
    ['gpu-04:8022', 'own field'],
    ['2130706433', 'IP address'],
    ['0x7f000001', 'IP address'],
    ['127.1', 'IP address'],
    ['10.0.4.256', 'IP address'],
    ['010.0.0.1', 'IP address'],
    ['1:2:3:4:5:6:7:8:9', 'IPv6'],
    ['1::2::3', 'IPv6'],
    ['[::1]', 'IPv6'],
    ['-gpu', 'host name'],
    ['gpu..lab', 'host name'],
    ['bücher.example', 'host name'],
    [`${'a'.repeat(64)}.lab`, 'host name'],
    ['a.'.repeat(127) + 'a', '253'],
  ])('may not be %j and the words say why', (host, why) => expect(hostProblem(host)).toContain(why));

  it('is told apart from what is no text', () => expect(wordsOf(Host, 8022)).toBe('The host must be text'));

  it('never makes the parser throw, whatever is typed', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => void hostProblem(text)));
  });

  it('accepts every dotted IPv4 address and every full IPv6 address', () => {
    fc.assert(fc.property(fc.ipV4(), (ip) => hostProblem(ip) === undefined));
    fc.assert(fc.property(fc.ipV6(), (ip) => hostProblem(ip) === undefined));
  });
});

describe('a port', () => {
  it.each([1, 8022, 65_535])('may be %d', (port) => expect(wordsOf(Port, port)).toBeUndefined());

  it.each([
    [0, 'between 1 and 65535'],
    [70_000, 'between 1 and 65535'],
    [80.5, 'whole number'],
    [Number.NaN, 'number'],
    ['8022', 'number'],
    [undefined, 'number'],
  ])('may not be %p', (port, why) => expect(wordsOf(Port, port)).toContain(why));
});

describe('an address', () => {
  it('is shown with IPv6 in brackets', () => expect(showAddress('::1', 8022)).toBe('[::1]:8022'));
  it('is the same whatever the letter case or a final dot', () =>
    expect(addressKey('GPU-04.lab.', 8022)).toBe(addressKey('gpu-04.LAB', 8022)));
});
