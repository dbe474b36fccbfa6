import {
  addressKey,
  type FleetNode,
  type ReplyOf,
  type RequestOf,
  type VerifyNode,
  type VerifyStage,
} from '@muster/contracts';
import { type Deadlines, type Hello, LinkError, type StageInfo } from '@muster/node-link';
import { dialWithKeys } from '../links/dial-with-keys.js';
import type { LinkKey } from '../links/known-settings.js';
import type { dialAddresses } from './dial-addresses.js';
import type { Resolver } from '@muster/service';
import { failed, failureWords, shortFingerprint, shortHardware } from './words.js';

type Step = ReplyOf<typeof VerifyNode>;

export interface VerificationParts {
  readonly resolver: Pick<Resolver, 'resolve'>;
  readonly dial: typeof dialAddresses;
  /** The keys to try, the one in force first. Empty while the settings are not known yet. */
  readonly keys: () => readonly LinkKey[];
  readonly nodes: () => Iterable<FleetNode>;
  readonly monotonicMs: () => number;
}

/** The parts of verification, wired once. */
export class Verification {
  constructor(private readonly parts: VerificationParts) {}

  run(request: RequestOf<typeof VerifyNode>, signal: AbortSignal): AsyncGenerator<Step, void, undefined> {
    return verify(request, this.parts, signal);
  }
}

/** Together they stay below the deadline of the order, so that the person always gets the stage that failed. */
const NAME_MS = 2_500;
const DEADLINES: Deadlines = { portMs: 3_000, encryptedMs: 2_500, handshakeMs: 1_500, helloMs: 1_500 };

/**
 * Looks at an address as a link to it would, and tells each stage as it ends. The first that fails is the last that is
 * told. Nothing of what answers is passed on but the certificate and, once the key was proved, what a node says of itself.
 */
export async function* verify(
  request: RequestOf<typeof VerifyNode>,
  parts: VerificationParts,
  signal: AbortSignal,
): AsyncGenerator<Step, void, undefined> {
  const { host, port } = request;
  let stage: VerifyStage = 'name';
  let beganMs = parts.monotonicMs();
  const took = () => {
    const nowMs = parts.monotonicMs();
    const tookMs = Math.round(nowMs - beganMs);
    beganMs = nowMs;
    return tookMs;
  };
  const passed = (words: string, detail?: string): Step => {
    const step: Step = { outcome: 'passed', stage, tookMs: took(), words, ...(detail === undefined ? {} : { detail }) };
    stage = next[stage];
    return step;
  };

  const resolved = await parts.resolver.resolve(host, port, NAME_MS);
  if (resolved.outcome === 'failed') {
    yield failed(stage, took(), resolved.cause, failureWords(stage, resolved.cause, request));
    return;
  }
  const [first = ''] = resolved.addresses;
  yield first === host ? passed(`Address ${host}`) : passed(`Found ${host}`, resolved.addresses.join(', '));

  const keys = parts.keys();
  if (keys.length === 0) {
    yield failed('key', took(), 'key-refused', {
      words: 'The access key is not known yet',
      remedy:
        'The Gateway is still starting: try again in a few seconds. If it stays so, its MUSTER_SECRET is not the one that ' +
        'the key was sealed with; the log of the monitor tells.',
    });
    return;
  }

  const seen = new Queue<StageInfo>();
  let linkedUnder: string | undefined;
  const target = { host, port, addresses: resolved.addresses, deadlines: DEADLINES, signal };
  const dialled = dialWithKeys(parts.dial, keys, target, (info, keyId) => {
    linkedUnder = keyId;
    seen.put(info);
  });
  const ended = dialled.then(
    ({ connection }) => ({ connection }),
    (error: unknown) => ({ error }),
  );
  void ended.then(() => {
    seen.end();
  });
  let hello: Hello | undefined;
  try {
    for await (const info of seen) {
      switch (info.stage) {
        case 'port':
          yield passed(`Port ${port} answers`);
          break;
        case 'encrypted':
          yield passed('Encrypted', `certificate ${shortFingerprint(info.certificate.fingerprint)}`);
          break;
        case 'key':
          yield linkedUnder === keys[0]?.keyId
            ? passed('Access key accepted')
            : passed('Former access key accepted', 'give the node the new one before the rotation ends');
          break;
        case 'hardware':
          hello = info.hello;
          yield passed(`Version ${hello.version}`, shortHardware(hello.hardware));
          break;
      }
    }
    const end = await ended;
    if ('error' in end) {
      if (!(end.error instanceof LinkError)) throw end.error;
      const { linkCause } = end.error;
      if (!signal.aborted) yield failed(stage, took(), linkCause, failureWords(stage, linkCause, request));
      return;
    }
    const { certificate } = end.connection;
    const registered = registeredAs(request, certificate.fingerprint, parts.nodes());
    if (registered !== undefined) {
      yield failed(stage, took(), 'already-registered', {
        words: `Registered already as ${registered.name}`,
        remedy: 'This machine is in the list of nodes. Use that entry, or remove it first.',
      });
      return;
    }
    yield passed(request.nodeId === undefined ? 'Not registered yet' : 'Not registered as another node');
    if (hello === undefined) return;
    const { version, hardware, name } = hello;
    yield {
      outcome: 'verified',
      certificate,
      version,
      hardware,
      ...(name === undefined ? {} : { suggestedName: name }),
    };
  } finally {
    // Also when whoever asked has gone: nothing may stay open.
    const end = await ended;
    if ('connection' in end) end.connection.close('verified');
  }
}

const next: Record<VerifyStage, VerifyStage> = {
  name: 'port',
  port: 'encrypted',
  encrypted: 'key',
  key: 'hardware',
  hardware: 'unregistered',
  unregistered: 'unregistered',
};

/** The other present node that is this machine: by its certificate, or by its address. */
function registeredAs(
  { host, port, nodeId }: RequestOf<typeof VerifyNode>,
  fingerprint: string,
  nodes: Iterable<FleetNode>,
): FleetNode | undefined {
  const key = addressKey(host, port);
  for (const node of nodes) {
    if (node.nodeId === nodeId) continue;
    if (node.certificate?.fingerprint === fingerprint || addressKey(node.host, node.port) === key) return node;
  }
  return undefined;
}

/** From callbacks to a loop: what was put comes out in order, and the loop ends after `end`. Holds at most one item a stage. */
class Queue<T> {
  readonly #items: T[] = [];
  #ended = false;
  #wake: () => void = () => undefined;

  put(item: T): void {
    this.#items.push(item);
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      const item = this.#items.shift();
      if (item !== undefined) yield item;
      else if (this.#ended) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
