import { type DialPolicy, judgeAddress, type Judgement } from './dial-policy.js';

const open: DialPolicy = {
  loopback: true,
  private: true,
  ports: { from: 1_024, to: 65_535 },
  own: [
    { address: '127.0.0.1', port: 5_432 },
    { address: '10.0.9.9', port: 4_222 },
  ],
  interfaces: ['10.0.4.2', '2001:41d0:1::2'],
};
const closed: DialPolicy = { ...open, loopback: false, private: false };

type Row = [address: string, what: string, judgement: Judgement, port?: number];

describe('an address, under the most open settings', () => {
  it.each<Row>([
    ['8.8.8.8', 'a public address', 'allowed'],
    ['2606:4700::1111', 'a public IPv6 address', 'allowed'],
    ['10.0.4.17', 'a private address', 'allowed'],
    ['172.16.0.1', 'a private address', 'allowed'],
    ['192.168.1.20', 'a private address', 'allowed'],
    ['100.64.3.4', 'an address behind carrier-grade NAT', 'allowed'],
    ['fd12:3456::1', 'a unique local address', 'allowed'],
    ['fec0::1', 'a site-local address', 'allowed'],
    ['127.0.0.1', 'loopback', 'allowed'],
    ['127.255.255.254', 'the end of loopback', 'allowed'],
    ['::1', 'IPv6 loopback', 'allowed'],
    ['::ffff:10.0.4.17', 'a private address, mapped', 'allowed'],
    ['169.254.169.254', 'the metadata service', 'never'],
    ['169.254.0.1', 'link-local', 'never'],
    ['169.254.170.2', 'the metadata service of containers', 'never'],
    ['fd00:ec2::254', 'the metadata service over IPv6', 'never'],
    ['168.63.129.16', "a cloud's wire server", 'never'],
    ['100.100.100.200', "a cloud's metadata in a NAT range", 'never'],
    ['fe80::1', 'link-local', 'never'],
    ['fe80::1%eth0', 'link-local with a zone', 'never'],
    ['febf:ffff::1', 'the end of link-local', 'never'],
    ['0.0.0.0', 'unspecified', 'never'],
    ['0.1.2.3', 'this network', 'never'],
    ['::', 'unspecified', 'never'],
    ['255.255.255.255', 'broadcast', 'never'],
    ['224.0.0.1', 'multicast', 'never'],
    ['239.255.255.250', 'multicast', 'never'],
    ['ff02::1', 'multicast', 'never'],
    ['240.0.0.1', 'reserved', 'never'],
    ['192.0.2.1', 'documentation', 'never'],
    ['2001:db8::1', 'documentation', 'never'],
    ['100::1', 'the discard prefix', 'never'],
    ['::ffff:169.254.169.254', 'metadata, mapped', 'never'],
    ['::ffff:a9fe:a9fe', 'metadata, mapped and in hexadecimal', 'never'],
    ['::ffff:0:169.254.169.254', 'metadata, translated', 'never'],
    ['64:ff9b::169.254.169.254', 'metadata through NAT64', 'never'],
    ['64:ff9b:1::a9fe:a9fe', 'metadata through local NAT64', 'never'],
    ['2002:a9fe:a9fe::1', 'metadata through 6to4', 'never'],
    ['2001:0:a9fe:a9fe::1', 'metadata as the Teredo server', 'never'],
    ['2001::5601:5601', 'metadata as the Teredo client', 'never'],
    ['::169.254.169.254', 'metadata, IPv4-compatible', 'never'],
    ['::ffff:0.0.0.0', 'unspecified, mapped', 'never'],
    ['2130706433', 'loopback in one number', 'never'],
    ['0x7f.1', 'loopback in hexadecimal', 'never'],
    ['127.1', 'loopback in short', 'never'],
    ['0177.0.0.1', 'loopback in octal', 'never'],
    ['not an address', 'no address', 'never'],
    ['10.0.4.17', 'a low port', 'port', 1_023],
    ['10.0.4.17', 'a system port', 'port', 22],
    ['127.0.0.1', 'our own database', 'own-service', 5_432],
    ['127.8.8.8', 'our own database by another loopback address', 'own-service', 5_432],
    ['::1', 'our own database over IPv6', 'own-service', 5_432],
    ['::ffff:127.0.0.1', 'our own database, mapped', 'own-service', 5_432],
    ['10.0.4.2', "our own database by this machine's address", 'own-service', 5_432],
    ['2001:41d0:1::2', "our own database by this machine's IPv6 address", 'own-service', 5_432],
    ['10.0.9.9', 'our own bus', 'own-service', 4_222],
    ['64:ff9b::a00:909', 'our own bus through NAT64', 'own-service', 4_222],
    ['10.0.9.9', 'another port beside our own bus', 'allowed', 8_022],
    ['10.0.9.8', 'the port of our bus on another machine', 'allowed', 4_222],
  ])('%s (%s): %s', (address, _what, judgement, port = 8_022) => {
    expect(judgeAddress(address, port, open)).toBe(judgement);
  });
});

describe('an address, with loopback and private ranges closed', () => {
  it.each<Row>([
    ['8.8.8.8', 'a public address', 'allowed'],
    ['127.0.0.1', 'loopback', 'loopback'],
    ['::1', 'loopback', 'loopback'],
    ['::ffff:127.0.0.1', 'loopback, mapped', 'loopback'],
    ['::127.0.0.1', 'loopback, IPv4-compatible', 'loopback'],
    ['64:ff9b::7f00:1', 'loopback through NAT64', 'loopback'],
    ['2002:7f00:1::', 'loopback through 6to4', 'loopback'],
    ['10.1.2.3', 'private', 'private'],
    ['172.31.255.255', 'private', 'private'],
    ['100.127.0.1', 'carrier-grade NAT', 'private'],
    ['fc00::1', 'unique local', 'private'],
    ['fec0::1', 'site-local', 'private'],
    ['64:ff9b::a00:1', 'private through NAT64', 'private'],
    ['2002:a00:1::', 'private through 6to4', 'private'],
  ])('%s (%s): %s', (address, _what, judgement) => {
    expect(judgeAddress(address, 8_022, closed)).toBe(judgement);
  });
});
