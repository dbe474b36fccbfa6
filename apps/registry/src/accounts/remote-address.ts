import { isIPv4, isIPv6 } from 'node:net';

/**
 * What tries from an address are counted by: an IPv4 address itself, of IPv6 the /64, since whoever has one address of it
 * has them all (RFC 6177). An IPv4 address mapped into IPv6 is the IPv4 address. Anything else is one shared key.
 */
export function remoteAddressKey(address: string): string {
  const bare = address.replace(/%.*$/, '').toLowerCase();
  if (isIPv4(bare)) return bare;
  if (!isIPv6(bare)) return 'unknown';
  const groups = groupsOf(bare);
  const mapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (mapped) return [6, 7].flatMap((at) => [(groups[at] ?? 0) >> 8, (groups[at] ?? 0) & 255]).join('.');
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')}::/64`;
}

/** The eight groups of an IPv6 address that is known to be one (RFC 4291 2.2). */
function groupsOf(address: string): number[] {
  const [head = '', tail] = address.split('::').map(parts);
  const front = head === '' ? [] : head;
  if (tail === undefined) return front;
  const back = tail === '' ? [] : tail;
  return [...front, ...Array.from({ length: 8 - front.length - back.length }, () => 0), ...back];
}

const parts = (half: string): number[] | '' =>
  half === ''
    ? ''
    : half.split(':').flatMap((group) => {
        if (!group.includes('.')) return [parseInt(group, 16)];
        const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
        return [a * 256 + b, c * 256 + d];
      });
