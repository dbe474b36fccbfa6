import { randomBytes, randomUUID } from 'node:crypto';
import { type AskedWith, type Bus, connectBus, type Stoppable } from '@muster/bus';
import {
  allPermissions,
  type Caller,
  CreateFirstAccount,
  type Fact,
  factFamilies,
  type Order,
  type Permission,
  Refusal,
  type ReplyOf,
  type RequestOf,
  VerifyNode,
  type VerifyStep,
} from '@muster/contracts';
import { type RunningService, startService } from '@muster/service';
import { testDatabase, type TestDatabase, testNats, type TestNats } from '@muster/testing';
import { registry } from './registry.js';

export const FIRST_CODE = 'K7QF-2M9D';
export const PASSWORD = 'correct horse battery';
export const newSecret = (): string => randomBytes(32).toString('base64url');

export interface Places {
  readonly databaseUrl: string;
  readonly natsUrl: string;
  readonly secret: string;
}

/** The environment of a registry, looking for no first node unless told otherwise. */
export const envOf = ({ databaseUrl, natsUrl, secret }: Places, more: Record<string, string> = {}) => ({
  DATABASE_URL: databaseUrl,
  NATS_URL: natsUrl,
  MUSTER_SECRET: secret,
  MUSTER_FIRST_CODE: FIRST_CODE,
  MUSTER_LOCAL_NODE: 'off',
  LOG_LEVEL: 'trace',
  ...more,
});

/** A registry in this process, and everything that it wrote to its log. */
export async function startRegistry(
  places: Places,
  more: Record<string, string> = {},
): Promise<RunningService & { readonly log: string[] }> {
  const log: string[] = [];
  const logTo = { write: (line: string) => void log.push(line) };
  const service = await startService(registry, { env: envOf(places, more), logTo });
  return { ...service, log };
}

/** Somebody who gives orders: an account with these permissions, or Muster's own gateway. */
export class Asker {
  private constructor(readonly bus: Bus) {}

  static async open({ natsUrl }: Pick<Places, 'natsUrl'>): Promise<Asker> {
    return new Asker(await connectBus({ servers: natsUrl, name: 'spec' }));
  }

  ask<O extends Order & { answers: 'once' }>(
    order: O,
    request: AskedWith<O>,
    { commandId = randomUUID(), permissions = allPermissions, withinMs }: AskedAs = {},
  ): Promise<ReplyOf<O>> {
    const actor: Caller['actor'] =
      order.allowed === 'services'
        ? { kind: 'gateway', id: 'gateway', name: 'Gateway' }
        : { kind: 'account', id: ADA, name: 'Ada' };
    const caller = { actor, permissions: [...permissions], commandId, correlationId: randomUUID() };
    return this.bus.ask(order, request, caller, withinMs ? { signal: AbortSignal.timeout(withinMs) } : {});
  }

  /** Answers the monitor's order in its place: a script says what is found at each address. */
  verifyAnswers(
    find: (request: RequestOf<typeof VerifyNode>) => VerifyStep[] | Promise<VerifyStep[]>,
  ): Promise<Stoppable> {
    return this.bus.answer(VerifyNode, async function* (request) {
      yield* await find(request);
    });
  }

  createFirstAccount(more: Partial<AskedWith<typeof CreateFirstAccount>> = {}) {
    return this.ask(CreateFirstAccount, { code: FIRST_CODE, name: 'Ada', password: PASSWORD, ...visit(), ...more });
  }

  async close(): Promise<void> {
    await this.bus.close();
  }
}

/** A registry with a database, a bus and somebody who asks, all of a spec's own. */
export class Stage {
  private constructor(
    readonly nats: TestNats,
    readonly database: TestDatabase,
    readonly places: Places,
    readonly registry: Awaited<ReturnType<typeof startRegistry>>,
    readonly asker: Asker,
  ) {}

  static async open(): Promise<Stage> {
    const [database, nats] = await Promise.all([testDatabase(), testNats()]);
    const places = { databaseUrl: database.url, natsUrl: nats.url, secret: newSecret() };
    const registry = await startRegistry(places);
    return new Stage(nats, database, places, registry, await Asker.open(places));
  }

  async close(): Promise<void> {
    await this.asker.close();
    await this.registry.stop();
    await this.nats.stop();
    await this.database.drop();
  }
}

/** Somebody with these permissions, as the gateway tells of them. */
export const callerWith = (permissions: readonly Permission[] = allPermissions, id: string = randomUUID()): Caller => ({
  actor: { kind: 'account', id, name: 'Ada' },
  permissions: [...permissions],
  commandId: randomUUID(),
  correlationId: randomUUID(),
});

export interface AskedAs {
  readonly commandId?: string;
  readonly permissions?: readonly Permission[];
  /** Gives up earlier than the order's own deadline. */
  readonly withinMs?: number;
}

/** The actor of the orders above; deciding does not look whether there is such an account. */
const ADA = '3f1f8f0e-5a0d-4bb5-9a55-1f0a55b0ad0a';

export const visit = (remoteAddress = '192.0.2.1') => ({ remoteAddress, device: 'Firefox' });

/** A machine as it shows itself: its certificate and what verifying it says. */
export function machine() {
  const fingerprint = [...randomBytes(32)].map((byte) => byte.toString(16).padStart(2, '0').toUpperCase()).join(':');
  const certificate = { fingerprint, pem: '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n' };
  const cpu = { model: 'Test', cores: 8 };
  const hardware = { hostname: 'gpu-04', platform: 'linux', cpu, memoryTotalBytes: 2 ** 35, gpus: [] };
  const steps: VerifyStep[] = [
    { outcome: 'passed', stage: 'name', tookMs: 1, words: 'Found gpu-04.lab' },
    { outcome: 'verified', certificate, version: '0.1.0', hardware },
  ];
  return { fingerprint, certificate, steps };
}

/** The code that an order is refused with, and its detail. Throws when it is not refused. */
export async function refusalOf(answer: Promise<unknown>): Promise<Refusal> {
  const error: unknown = await answer.then(
    (value) => new Error(`It was not refused: ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  if (error instanceof Refusal) return error;
  throw error;
}

/** Every fact of the registry that is on the bus, from the first on and as they come. */
export async function followAll(bus: Bus): Promise<{ facts: Fact[]; stop(): Promise<void> }> {
  const facts: Fact[] = [];
  const { node, account, key, integration, webhook, settings } = factFamilies;
  const following = await bus.followFacts(
    [node, account, key, integration, webhook, settings],
    (fact) => void facts.push(fact),
  );
  await following.caughtUp;
  return { facts, stop: () => following.stop() };
}
