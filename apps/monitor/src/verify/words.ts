import {
  type Hardware,
  judge,
  type LinkCause,
  showAddress,
  type VerifyStage,
  type VerifyStep,
} from '@muster/contracts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

type FailedCause = Extract<VerifyStep, { outcome: 'failed' }>['cause'];
interface Words {
  readonly words: string;
  /** What it means and what to do. */
  readonly remedy: string;
}

/** What a failed stage says where the words of a link that is down would not fit somebody who is just adding a node. */
const failures: Partial<Record<`${VerifyStage} ${LinkCause}`, (address: Address) => Words>> = {
  'name name-not-found': ({ host }) => ({
    words: `No address for ${host}`,
    remedy: 'Check the spelling of the host name, and that the DNS of the Gateway knows it. An IP address works too.',
  }),
  'name timed-out': () => ({
    words: 'The name server does not answer',
    remedy: 'Check the DNS of the Gateway, or enter the IP address of the node.',
  }),
  'name address-not-allowed': (address) => ({
    words: `${showAddress(address.host, address.port)} is not dialled`,
    remedy:
      'This Gateway dials no link-local or multicast address and none of its own services, and loopback, private addresses ' +
      'and ports only as far as its configuration allows. Enter the address of a node service, or ask whoever runs the Gateway.',
  }),
  'port refused': ({ port }) => ({
    words: `Nothing listens on port ${port}`,
    remedy: 'The machine is there. Start the node service on it, or correct the port: 8022 unless it was changed.',
  }),
  'port timed-out': ({ port }) => ({
    words: `Port ${port} does not answer`,
    remedy: 'Check that the machine is on, and that no firewall on the way drops the port.',
  }),
  'port unreachable': ({ host }) => ({
    words: `No way to ${host}`,
    remedy: 'There is no route from the Gateway to this machine. Check the network between them.',
  }),
  'encrypted timed-out': ({ port }) => ({
    words: `Port ${port} answers and then says nothing`,
    remedy:
      'Something else than a node service listens there, or the node is stuck. Correct the port, or restart the node.',
  }),
  'encrypted refused': ({ port }) => ({
    words: `Port ${port} hangs up at once`,
    remedy:
      'Something else than a node service listens there, or the port is forwarded to a node that does not run. Start it, or correct the port.',
  }),
  'encrypted tls': ({ port }) => ({
    words: `Port ${port} does not speak TLS as a node does`,
    remedy: 'Something else than a node service answers there. Correct the host or the port.',
  }),
  'encrypted not-a-node': ({ port }) => ({
    words: `No node service on port ${port}`,
    remedy: 'It is encrypted, but what answers is not a node. Correct the host or the port.',
  }),
  'key closed': () => ({
    words: 'The node closed the link',
    remedy: 'It may be restarting, or has too many Gateways. Try again in a moment; its log tells more.',
  }),
  'key timed-out': () => ({
    words: 'The node did not answer the handshake',
    remedy: 'It may be overloaded. Try again; its log tells more.',
  }),
  'hardware timed-out': () => ({
    words: 'The node did not say what it is',
    remedy: 'It may still be starting. Try again in a moment; its log tells more.',
  }),
};

/** What is wrong and what to do about it. The words of a link that is down, unless the stage has better ones. */
export function failureWords(stage: VerifyStage, cause: LinkCause, address: Address): Words {
  const own = failures[`${stage} ${cause}`];
  if (own) return own(address);
  const link = { phase: 'down', cause, since: '1970-01-01T00:00:00.000Z' } as const;
  const { words, clears } = judge({ activated: true, link, condition: undefined, executors: [] });
  return { words, remedy: clears };
}

export const failed = (stage: VerifyStage, tookMs: number, cause: FailedCause, words: Words): VerifyStep => ({
  outcome: 'failed',
  stage,
  tookMs: Math.round(tookMs),
  cause,
  ...words,
});

/** `5B:1C:…:E4:90`: enough to tell two fingerprints apart at a glance; the whole of it is shown beside. */
export const shortFingerprint = (fingerprint: string): string =>
  `${fingerprint.slice(0, 5)}:…:${fingerprint.slice(-5)}`;

const GIB = 1024 ** 3;
const gib = (bytes: number): string => `${Math.round(bytes / GIB)} GiB`;

/** A machine in one line: `AMD EPYC 7443P, 24 cores, 128 GiB, 2 × NVIDIA A100 80 GiB`. */
export function shortHardware({ cpu, memoryTotalBytes, gpus }: Hardware): string {
  const counts = new Map<string, number>();
  for (const { name, memoryTotalBytes: memory } of gpus) {
    const gpu = memory === undefined ? name : `${name} ${gib(memory)}`;
    counts.set(gpu, (counts.get(gpu) ?? 0) + 1);
  }
  const shown = [...counts].map(([gpu, count]) => (count === 1 ? gpu : `${count} × ${gpu}`));
  return [cpu.model, `${cpu.cores} ${cpu.cores === 1 ? 'core' : 'cores'}`, gib(memoryTotalBytes), ...shown].join(', ');
}
