import type { Bus } from '@muster/bus';
import {
  type HealthEvent,
  judge,
  type Link,
  type LinkCause,
  type LogEntry,
  type LogLevel,
  type NodeState,
  type ReadLog,
  type ReplyOf,
  type RequestOf,
  type Status,
  statusOf,
} from '@muster/contracts';
import type { FromNode, NodeConnection } from '@muster/node-link';
import type { Clock, Ids } from '@muster/service';
import type { HealthFacts } from '../health/health-facts.js';
import type { HealthRules } from '../health/health-rules.js';
import { nothingTold, tell, type Told } from '../health/health-teller.js';
import { type LinkHealth, type LinkInput, linkOf, stepLink } from '../health/link-health.js';
import { NodeTelemetry, type Now } from '../telemetry/node-telemetry.js';
import type { LinkMaker } from './link-maker.js';
import type { Wanted } from './reconcile.js';

/** What a watch needs of the world. */
export interface WatchWorld {
  readonly monitorId: string;
  readonly rules: HealthRules;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly random: () => number;
  readonly links: Pick<LinkMaker, 'make'>;
  readonly facts: Pick<HealthFacts, 'tell'>;
  readonly bus: Pick<Bus, 'publishSample' | 'publishLog'>;
  readonly onFault: (nodeId: string, error: unknown) => void;
}

/** Asked for a sign of life this often, so that a node whose measuring hangs is not taken for dead. */
const PING_EVERY_MS = 2_000;

/** A sample no older than this was sent as it was measured; an older one was fetched after an outage and says nothing of rhythm. */
const LIVE_MS = 1_500;

/** Two reckonings of one moment lie closer together than this. */
const SAME_MOMENT_MS = 100;

/**
 * One node under watch: its link, its health, what is known of it. Everything that happens to it passes through the pure
 * machine in `link-health.ts`; here is what follows: sockets, the state others see, facts, samples, lines. Nothing that the
 * node does gets out of here but by those.
 */
export class NodeWatch {
  readonly #telemetry: NodeTelemetry;
  #wanted: Wanted;
  #health: LinkHealth = { phase: 'deactivated' };
  #link: Link | undefined;
  #status: Status | undefined;
  /** The last status that was not only on the way to another one. */
  #lasting: Status | undefined;
  #told: Told;
  /** The state that others have, to tell a change from none. */
  #stateText = '';
  #hello: NodeState['hello'];
  #condition: NodeState['condition'];
  #executors: NodeState['executors'] = [];
  #connection: NodeConnection | undefined;
  #attempt: AbortController | undefined;
  #pingedMs = 0;
  #remarkedCause: string | undefined;
  #ended = false;

  constructor(
    private readonly world: WatchWorld,
    wanted: Wanted,
    /** What was known of the node when this watch began, by whoever watched it before. */
    before: NodeState | undefined,
    private readonly onState: (state: NodeState) => void,
  ) {
    this.#wanted = wanted;
    this.#telemetry = new NodeTelemetry(this.nodeId, world.ids.uuid(), world.clock.monotonicMs());
    const known = before?.status.reason === 'connecting' || before?.status.reason === 'unwatched' ? undefined : before;
    this.#lasting = known?.status;
    this.#told = nothingTold(known?.status);
    this.#hello = before?.hello;
    if (wanted.node.activated) this.#give({ type: 'activate' });
    else this.#tellChange([]);
  }

  get nodeId(): string {
    return this.#wanted.node.nodeId;
  }

  get wanted(): Wanted {
    return this.#wanted;
  }

  get phase(): LinkHealth['phase'] {
    return this.#health.phase;
  }

  get stale(): boolean {
    return this.#health.phase === 'up' && this.#health.stale;
  }

  /** Since when it is due to be dialled, monotonic; undefined while it is not. */
  get dueSinceMs(): number | undefined {
    return this.#health.phase === 'waiting' ? this.#health.dialAtMs : undefined;
  }

  /** What was decided about the node has changed. */
  change(wanted: Wanted): void {
    const { node: before } = this.#wanted;
    const { node } = wanted;
    this.#wanted = wanted;
    if (!node.activated) {
      if (before.activated) this.#remark('info', `deactivated by ${node.activation.by}`);
      this.#give({ type: 'deactivate' });
      return;
    }
    if (!before.activated) {
      this.#remark('info', `activated by ${node.activation.by}`);
      this.#remarkedCause = undefined;
      this.#give({ type: 'activate' });
    } else if (node.host !== before.host || node.port !== before.port) {
      this.renew('the address was changed: the link is made anew');
    } else if (node.certificate?.fingerprint !== before.certificate?.fingerprint) {
      this.renew('the certificate was accepted: the link is made anew');
    }
  }

  /** What the link is made with has changed. */
  renew(why: string): void {
    if (this.#health.phase === 'deactivated') return;
    this.#remark('info', why);
    this.#remarkedCause = undefined;
    this.#give({ type: 'renew' });
  }

  /** Time went on. */
  tick(impairedUntilMs: number): void {
    const nowMs = this.world.clock.monotonicMs();
    this.#give({ type: 'tick', impairedUntilMs });
    if (this.#connection !== undefined && nowMs - this.#pingedMs >= PING_EVERY_MS) {
      this.#pingedMs = nowMs;
      // What becomes of it is seen by the frame that answers, or by none.
      this.#connection.ping().catch(() => undefined);
    }
    const { entries, lost } = this.#telemetry.tellDropped(this.#now());
    this.#publish(entries);
    if (lost > 0 || this.#told.leftOut > 0) this.#tell(lost > 0 ? [this.#gapFact(lost, 'monitor')] : []);
  }

  /** Dials once. Resolves when the try has ended, whatever came of it. */
  async dial(): Promise<void> {
    if (this.#health.phase !== 'waiting') return;
    this.#give({ type: 'dial' });
    const attempt = (this.#attempt = new AbortController());
    const { run, sample, log } = this.#telemetry.seen ?? {};
    const resume = run === undefined ? undefined : { run, sample: sample ?? 0, log: log ?? 0 };
    try {
      const made = await this.world.links.make(this.#wanted.node, resume, attempt.signal);
      if (this.#attempt !== attempt || attempt.signal.aborted) {
        if (made.outcome === 'linked') made.connection.terminate();
      } else if (made.outcome === 'linked') this.#open(made.connection, made.withFormerKey);
      else this.#give({ type: 'dial-failed', cause: made.cause });
    } catch (error) {
      this.world.onFault(this.nodeId, error);
      if (this.#attempt === attempt) this.#give({ type: 'dial-failed', cause: 'protocol' });
    }
  }

  readSamples = () => this.#telemetry.readSamples(this.#now());

  readLog = (request: RequestOf<typeof ReadLog>): ReplyOf<typeof ReadLog> => this.#telemetry.readLog(request);

  /** Ends the watch and its link. Nothing more is told of the node, from here. */
  end(): void {
    this.#ended = true;
    this.#attempt?.abort();
    this.#attempt = undefined;
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.close('not-wanted');
  }

  /** The state to leave behind when nobody watches the node from now on. */
  unwatchedState(): NodeState {
    const at = this.world.clock.now();
    const status = statusOf({ activated: true, link: undefined, condition: undefined, executors: [] }, undefined, at);
    return { ...this.#state(at), status, link: { phase: 'connecting', since: at }, executors: [] };
  }

  #open(connection: NodeConnection, withFormerKey: boolean): void {
    const { version, run, hardware, condition, executors } = connection.hello;
    this.#attempt = undefined;
    this.#connection = connection;
    this.#pingedMs = this.world.clock.monotonicMs();
    this.#hello = { version, run, hardware };
    this.#condition = condition;
    this.#executors = executors;
    const another = this.#telemetry.begin(run);
    this.#remarkedCause = undefined;
    this.#give({ type: 'opened' }, [
      { type: 'NodeConnected', data: { nodeId: this.nodeId, version, run, at: this.world.clock.now() } },
    ]);
    if (another) this.#remark('info', 'the node service was started anew: its last lines before that may be missing');
    if (withFormerKey) this.#remark('warning', 'linked with the former access key: change it on the node too');
    void connection.closed.then((cause) => {
      // A node that took up another key says so and closes: the key that it has now may be ours.
      this.#closed(connection, cause === 'key-refused' ? 'closed' : cause);
    });
    connection.ping().then(
      (roundTripMs) => {
        this.#remark('info', `link up, round trip ${roundTripMs.toFixed(1)} ms`);
        this.#tellChange([]);
      },
      () => undefined,
    );
    connection.onFrame((frame) => {
      this.#take(connection, frame);
    });
  }

  #closed(connection: NodeConnection, cause: LinkCause): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    this.#give({ type: 'closed', cause });
  }

  /** A frame of the node. Whatever goes wrong with it ends this link and nothing else. */
  #take(connection: NodeConnection, frame: FromNode): void {
    if (this.#connection !== connection) return;
    try {
      const beat = frame.type === 'samples' && frame.items.some(({ ageMs }) => ageMs < LIVE_MS);
      this.#give({ type: 'frame', beat });
      switch (frame.type) {
        case 'samples':
          for (const sample of this.#telemetry.takeSamples(frame.items, this.#now()))
            this.world.bus.publishSample(sample);
          return;
        case 'lines':
          this.#publish(this.#telemetry.takeLines(frame.lines, this.#now()));
          return;
        case 'gap':
          this.#telemetry.skip(frame.of, frame.lost);
          if (frame.of === 'samples') return;
          this.#publish([this.#telemetry.gap(frame.lost, 'node', this.#now())]);
          this.#tell([this.#gapFact(frame.lost, 'node')]);
          return;
        case 'condition':
          this.#condition = frame.condition;
          break;
        case 'executors':
          this.#executors = frame.executors;
          break;
        case 'hardware':
          if (this.#hello) this.#hello = { ...this.#hello, hardware: frame.hardware };
          break;
        case 'hello':
        case 'pong':
        case 'goodbye':
          return;
      }
      this.#tellChange([]);
    } catch (error) {
      this.world.onFault(this.nodeId, error);
      connection.terminate('protocol');
    }
  }

  /** Gives an input to the machine and does what follows from it. */
  #give(input: LinkInput, happened: readonly HealthEvent[] = []): void {
    if (this.#ended) return;
    const before = this.#health;
    const moment = { nowMs: this.world.clock.monotonicMs(), random: this.world.random() };
    this.#health = stepLink(before, input, moment, this.world.rules);
    if (this.#health === before) return;
    const over = before.phase === 'up' && this.#health.phase !== 'up';
    if (over) this.#letGo();
    if (before.phase === 'dialing' && this.#health.phase !== 'dialing' && this.#health.phase !== 'up') {
      this.#attempt?.abort();
      this.#attempt = undefined;
    }
    this.#follow(over && (input.type === 'closed' || input.type === 'tick'), happened, input.type === 'frame');
  }

  #letGo(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    // Not waited for: a peer that is dead does not answer a goodbye, and one that is not wanted any more need not.
    if (this.#health.phase === 'deactivated') connection?.close('not-wanted');
    else connection?.terminate();
    this.#condition = undefined;
    this.#executors = [];
  }

  #follow(lost: boolean, happened: readonly HealthEvent[], framesOnly: boolean): void {
    const at = this.world.clock.now();
    const link = this.#linkAt(at);
    if (framesOnly && link === this.#link) return;
    this.#link = link;
    const health = this.#health;
    const cause = health.phase === 'waiting' ? health.cause : undefined;
    const events = [...happened];
    if (lost && cause !== undefined) events.push({ type: 'NodeLost', data: { nodeId: this.nodeId, cause, at } });
    this.#tellChange(events);
    if (cause !== undefined && (lost || cause !== this.#remarkedCause)) {
      this.#remarkedCause = cause;
      this.#remark('warning', lost ? `link lost: ${causeWords(cause)}` : `no link: ${causeWords(cause)}`);
    }
  }

  /** The link as others see it: the same object as before when nothing about it changed but the round trip. */
  #linkAt(at: string): Link | undefined {
    const nowMs = this.world.clock.monotonicMs();
    const wallMs = Date.parse(at);
    const wallOf = (ms: number) => new Date(wallMs + ms - nowMs).toISOString();
    const link = linkOf(this.#health, this.#link, { at, wallOf }, this.world.rules, this.#connection?.roundTripMs);
    return this.#link !== undefined && link !== undefined && isSame(this.#link, link) ? this.#link : link;
  }

  /** Status, facts and state after something may have changed. */
  #tellChange(happened: readonly HealthEvent[]): void {
    if (this.#ended) return;
    const at = this.world.clock.now();
    const { activated } = this.#wanted.node;
    const input = { activated, link: this.#link, condition: this.#condition, executors: this.#executors };
    const status = statusOf(input, this.#lasting, at);
    const since = this.#status?.reason === status.reason ? this.#status.since : status.since;
    this.#status = { ...status, since };
    if (status.reason !== 'connecting' && status.reason !== 'settling') this.#lasting = this.#status;
    this.#tell(happened);
    const state = this.#state(at);
    const text = JSON.stringify(state);
    if (text === this.#stateText) return;
    this.#stateText = text;
    this.onState(state);
  }

  #tell(happened: readonly HealthEvent[]): void {
    if (this.#status === undefined || this.#ended) return;
    const { nodeId } = this;
    const nowMs = this.world.clock.monotonicMs();
    const { told, facts } = tell(this.#told, {
      nodeId,
      status: this.#status,
      happened,
      at: this.world.clock.now(),
      nowMs,
    });
    this.#told = told;
    this.world.facts.tell(nodeId, facts);
  }

  #state(at: string): NodeState {
    const link: Link = this.#link ?? { phase: 'down', cause: 'closed', since: this.#wanted.node.activation.at };
    const status =
      this.#status ?? statusOf({ activated: true, link, condition: undefined, executors: [] }, undefined, at);
    return {
      nodeId: this.nodeId,
      monitorId: this.world.monitorId,
      token: this.#wanted.token,
      status,
      link: link.phase === 'up' ? { ...link, ...this.#roundTrip() } : link,
      ...(this.#hello && { hello: this.#hello }),
      ...(this.#condition && { condition: this.#condition }),
      executors: [...this.#executors],
    };
  }

  #roundTrip(): { roundTripMs?: number } {
    const roundTripMs = this.#connection?.roundTripMs;
    return roundTripMs === undefined ? {} : { roundTripMs };
  }

  #gapFact = (lost: number, where: 'node' | 'monitor'): HealthEvent => ({
    type: 'NodeLogGap',
    data: { nodeId: this.nodeId, lost, where, at: this.world.clock.now() },
  });

  #remark(level: LogLevel, message: string): void {
    if (!this.#ended) this.#publish([this.#telemetry.remark(level, message, this.#now())]);
  }

  #publish(entries: readonly LogEntry[]): void {
    if (entries.length === 0) return;
    this.world.bus.publishLog({ nodeId: this.nodeId, epoch: this.#telemetry.epoch, entries: [...entries] });
  }

  #now(): Now {
    const { clock } = this.world;
    return { wallMs: Date.parse(clock.now()), monotonicMs: clock.monotonicMs() };
  }
}

/** As the status says it, within a sentence. */
function causeWords(cause: LinkCause): string {
  const link = { phase: 'down', cause, since: '1970-01-01T00:00:00.000Z' } as const;
  const { words } = judge({ activated: true, link, condition: undefined, executors: [] });
  return words.slice(0, 1).toLowerCase() + words.slice(1);
}

function isSame(one: Link, other: Link): boolean {
  if (one.phase === 'up' || other.phase === 'up')
    return one.phase === 'up' && other.phase === 'up' && one.frames === other.frames && one.since === other.since;
  if (one.since !== other.since || one.phase !== other.phase) return false;
  if (one.phase !== 'down' || other.phase !== 'down') return true;
  const [first, second] = [one.nextTryAt, other.nextTryAt];
  if (one.cause !== other.cause || (first === undefined) !== (second === undefined)) return false;
  return first === undefined || Math.abs(Date.parse(first) - Date.parse(second ?? first)) < SAME_MOMENT_MS;
}
