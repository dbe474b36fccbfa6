import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** What may be dialled, as far as it is a setting. Some addresses are refused whatever is set. */
export interface DialPolicy {
  readonly loopback: boolean;
  /** RFC 1918, RFC 6598 and unique local addresses: where nodes usually live. */
  readonly private: boolean;
  readonly ports: { readonly from: number; readonly to: number };
  /** Muster's own services, resolved: never nodes. */
  readonly own: readonly { readonly address: string; readonly port: number }[];
  /** The addresses of this machine's own interfaces. */
  readonly interfaces: readonly string[];
}

export type Judgement = 'allowed' | 'never' | 'loopback' | 'private' | 'port' | 'own-service';

/** Addresses that answer with a cloud machine's credentials and lie in ranges that are otherwise of use. */
const METADATA = ['fd00:ec2::254', '168.63.129.16', '100.100.100.200'].map((text) => ipaddr.parse(text).toString());

/** Prefixes that RFC 8215 (local NAT64) and RFC 3879 (site-local) name, and that the library does not know. */
const LOCAL_NAT64 = ipaddr.IPv6.parseCIDR('64:ff9b:1::/48');
const SITE_LOCAL = ipaddr.IPv6.parseCIDR('fec0::/10');
const IPV4_COMPATIBLE = ipaddr.IPv6.parseCIDR('::/96');

/**
 * Whether the Gateway dials this address. A person may enter any address and the Gateway stands inside a network, so this
 * bounds what it can be made to touch. It is asked about every address a name resolves to, at verification and again at
 * every dial of a link. What it says stays inside: people are told one class, `address-not-allowed`, for all of them.
 */
export function judgeAddress(address: string, port: number, policy: DialPolicy): Judgement {
  // The library alone would also read the old forms, as 2130706433 or 0x7f.1.
  if (isIP(address) === 0) return 'never';
  const parsed = ipaddr.parse(address);
  const reached = reachedBy(parsed);
  const verdicts = reached.map((ip) => judgeRange(ip, policy));
  const worst = verdicts.find((verdict) => verdict !== 'allowed');
  if (worst !== undefined) return worst;
  if (port < policy.ports.from || port > policy.ports.to) return 'port';
  return reached.some((ip) => isOwn(ip, port, policy)) ? 'own-service' : 'allowed';
}

type Ip = ipaddr.IPv4 | ipaddr.IPv6;

const ipv4 = (bytes: readonly number[]): ipaddr.IPv4 => new ipaddr.IPv4([...bytes]);

/** The addresses that a packet to this one may end at: itself, or the IPv4 addresses that stand in it. */
function reachedBy(ip: Ip): Ip[] {
  if (ip.kind() === 'ipv4') return [ip];
  const six = ip as ipaddr.IPv6;
  const bytes = six.toByteArray();
  const last = ipv4(bytes.slice(12));
  switch (six.range()) {
    case 'ipv4Mapped':
    case 'rfc6145':
    case 'rfc6052':
      return [last];
    case '6to4':
      return [ipv4(bytes.slice(2, 6))];
    case 'teredo':
      // RFC 4380 4: the server in clear, the client with every bit turned.
      return [ipv4(bytes.slice(4, 8)), ipv4(bytes.slice(12).map((byte) => byte ^ 0xff))];
    case 'loopback':
    case 'unspecified':
      return [six];
    default:
      return six.match(LOCAL_NAT64) || six.match(IPV4_COMPATIBLE) ? [last] : [six];
  }
}

function judgeRange(ip: Ip, policy: DialPolicy): Judgement {
  if (METADATA.includes(ip.toString())) return 'never';
  if (ip.kind() === 'ipv6' && (ip as ipaddr.IPv6).match(SITE_LOCAL)) return policy.private ? 'allowed' : 'private';
  switch (ip.range()) {
    case 'unicast':
      return 'allowed';
    case 'loopback':
      return policy.loopback ? 'allowed' : 'loopback';
    case 'private':
    case 'carrierGradeNat':
    case 'uniqueLocal':
      return policy.private ? 'allowed' : 'private';
    // Link-local, multicast, broadcast, unspecified, documentation, benchmarks, relays: no node is ever there.
    default:
      return 'never';
  }
}

/** A service that listens on loopback or on every interface is reached by each of this machine's addresses. */
function isOwn(ip: Ip, port: number, { own, interfaces }: DialPolicy): boolean {
  const here = isHere(ip, interfaces);
  return own.some((service) => {
    if (service.port !== port || isIP(service.address) === 0) return false;
    const reached = reachedBy(ipaddr.parse(service.address));
    return reached.some((each) => each.toString() === ip.toString() || (here && isHere(each, interfaces)));
  });
}

const isHere = (ip: Ip, interfaces: readonly string[]): boolean =>
  ip.range() === 'loopback' || ip.range() === 'unspecified' || interfaces.includes(ip.toString());
