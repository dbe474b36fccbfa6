import ipaddr from 'ipaddr.js';

/**
 * What tries from an address are counted by: an IPv4 address itself, of IPv6 the /64, since whoever has one address of it
 * has them all (RFC 6177). An IPv4 address mapped into IPv6 is the IPv4 address. Anything else is one shared key.
 */
export function remoteAddressKey(text: string): string {
  const bare = text.replace(/%.*$/, '');
  if (!ipaddr.isValid(bare)) return 'unknown';
  const address = ipaddr.process(bare);
  if (address instanceof ipaddr.IPv4) return address.toString();
  const network = address.parts.map((part, index) => (index < 4 ? part : 0));
  return `${new ipaddr.IPv6(network).toRFC5952String()}/64`;
}
