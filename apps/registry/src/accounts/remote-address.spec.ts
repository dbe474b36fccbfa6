import { remoteAddressKey } from './remote-address.js';

it.each([
  ['10.0.4.17', '10.0.4.17'],
  ['::ffff:10.0.4.17', '10.0.4.17'],
  ['::FFFF:a00:411', '10.0.4.17'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
  ['2001:0DB8:0001:0002::', '2001:db8:1:2::/64'],
  ['fe80::1%eth0', 'fe80::/64'],
  ['::1', '::/64'],
  ['', 'unknown'],
  ['not an address', 'unknown'],
])('counts tries from %s by %s', (address, key) => {
  expect(remoteAddressKey(address)).toBe(key);
});
