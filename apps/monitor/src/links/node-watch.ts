import type { Bus } from '@muster/bus';
import type { HealthEvent, Link, LinkCause, NodeState } from '@muster/contracts';
import { type FromNode, lineSeen, type NodeConnection, numberingOf } from '@muster/node-link';
import type { Clock, Ids } from '@muster/service';
import type { HealthFacts } from '../health/health-facts.js';
import type { HealthRules } from '../health/health-rules.js';
import { type LinkHealth, type LinkInput, linkOf, stepLink } from '../health/link-health.js';
import { NodeReport } from '../health/node-report.js';
import { isBeat, NodeFeed } from '../telemetry/node-feed.js';
import type { LinkMaker } from './link-maker.js';
import { causeWords, isSameLink } from './link-words.js';
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

/**
 * One node under watch. Everything that happens to its link passes through the pure machine in `link-health.ts`; here is
 * what follows: sockets, the report, the feed. Nothing that a node does gets out of here but by those two.
 */
export class NodeWatch {
  readonly feed: NodeFeed;
  readonly #report: NodeReport;
  #wanted: Wanted;
  #health: LinkHealth = { phase: 'deactivated' };
  #connection: NodeConnection | undefined;
  #attempt: AbortController | undefined;
  #pingedMs = 0;
  /** The cause that the log names already. */
  #remarked: LinkCause | undefined;
  #ended = false;

  constructor(
    private readonly world: WatchWorld,
    wanted: Wanted,
    before: NodeState | undefined,
    onState: (state: NodeState) => void,
  ) {
    const { clock, facts, monitorId, ids, bus } = world;
    this.#wanted = wanted;
    this.feed = new NodeFeed(this.nodeId, ids.uuid(), clock, bus);
    this.#report = new NodeReport({ nodeId: this.nodeId, monitorId, clock, facts, onState }, before);
    if (wanted.node.activated) this.#give({ type: 'activate' });
    else this.#tell(undefined);
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
    if (node.activated !== before.activated) {
      this.feed.remark('info', `${node.activated ? 'activated' : 'deactivated'} by ${node.activation.by}`);
      this.#remarked = undefined;
      this.#give({ type: node.activated ? 'activate' : 'deactivate' });
    } else if (node.host !== before.host || node.port !== before.port) {
      this.renew('the address was changed: the link is made anew');
    } else if (node.certificate?.fingerprint !== before.certificate?.fingerprint) {
      this.renew('a certificate was accepted: the link is made anew');
    }
  }

  /** What the link is made with has changed. */
  renew(why: string): void {
    if (this.#health.phase === 'deactivated') return;
    this.feed.remark('info', why);
    this.#remarked = undefined;
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
    const lost = this.feed.tellDropped();
    this.#report.happened(...(lost > 0 ? [this.#gapFact(lost, 'monitor')] : []));
  }

  /** Dials once, when that is due. Resolves when the try has ended, whatever came of it. */
  async dial(): Promise<void> {
    if (this.#health.phase !== 'waiting') return;
    this.#give({ type: 'dial' });
    const attempt = (this.#attempt = new AbortController());
    try {
      const made = await this.world.links.make(this.#wanted.node, this.feed.resume, attempt.signal);
      if (this.#attempt !== attempt || attempt.signal.aborted) {
        if (made.outcome === 'linked') made.connection.terminate();
      } else if (made.outcome === 'linked') this.#open(made.connection, made.withFormerKey);
      else this.#give({ type: 'dial-failed', cause: made.cause });
    } catch (error) {
      this.world.onFault(this.nodeId, error);
      if (this.#attempt === attempt) this.#give({ type: 'dial-failed', cause: 'protocol' });
    }
  }

  /** Ends the watch and its link. Nothing more is told of the node from here. */
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
    return this.#report.unwatched(this.#wanted.token);
  }

  #open(connection: NodeConnection, withFormerKey: boolean): void {
    const { version, run, hardware, condition, executors } = connection.hello;
    this.#attempt = undefined;
    this.#connection = connection;
    this.#pingedMs = this.world.clock.monotonicMs();
    this.#remarked = undefined;
    this.#report.learn({ hello: { version, run, hardware }, condition, executors });
    const { restarted, linesMissing } = this.feed.begin({
      run,
      numbering: numberingOf(connection.hello),
      line: lineSeen(connection.hello, this.feed.resume),
    });
    const at = this.world.clock.now();
    this.#give({ type: 'opened' }, [{ type: 'NodeConnected', data: { nodeId: this.nodeId, version, run, at } }]);
    if (restarted) {
      const missing = linesMissing ? ': its last lines before may be missing' : '';
      this.feed.remark('info', `the node service was started anew${missing}`);
    }
    if (withFormerKey) this.feed.remark('warning', 'linked with the former access key: change it on the node too');
    void connection.closed.then((cause) => {
      if (this.#connection !== connection) return;
      this.#connection = undefined;
      // A node that took up another key says so and closes: the key that it has now may be ours.
      this.#give({ type: 'closed', cause: cause === 'key-refused' ? 'closed' : cause });
    });
    connection.ping().then(
      (roundTripMs) => {
        if (this.#connection !== connection) return;
        this.feed.remark('info', `link up, round trip ${roundTripMs.toFixed(1)} ms`);
        this.#tell(this.#report.link);
      },
      () => undefined,
    );
    connection.onFrame((frame) => {
      this.#take(connection, frame);
    });
  }

  /** A frame of the node. Whatever goes wrong with it ends this link and nothing else. */
  #take(connection: NodeConnection, frame: FromNode): void {
    if (this.#connection !== connection) return;
    try {
      this.#give({ type: 'frame', beat: isBeat(frame) });
      this.#use(frame);
    } catch (error) {
      this.world.onFault(this.nodeId, error);
      connection.terminate('protocol');
    }
  }

  #use(frame: FromNode): void {
    switch (frame.type) {
      case 'samples':
        this.feed.takeSamples(frame);
        return;
      case 'lines':
        this.feed.takeLines(frame);
        return;
      case 'gap': {
        const lost = this.feed.takeGap(frame);
        if (lost > 0) this.#report.happened(this.#gapFact(lost, 'node'));
        return;
      }
      case 'condition':
      case 'executors':
        this.#report.learn(frame);
        break;
      case 'hardware':
        this.#report.learnHardware(frame.hardware);
        break;
      case 'hello':
      case 'pong':
      case 'goodbye':
        return;
    }
    this.#tell(this.#report.link);
  }

  /** Gives an input to the machine and does what follows from it. */
  #give(input: LinkInput, happened: readonly HealthEvent[] = []): void {
    if (this.#ended) return;
    const before = this.#health;
    const moment = { nowMs: this.world.clock.monotonicMs(), random: this.world.random() };
    this.#health = stepLink(before, input, moment, this.world.rules);
    const { phase } = this.#health;
    if (this.#health === before) return;
    if (before.phase === 'up' && phase !== 'up') this.#letGo();
    if (before.phase === 'dialing' && phase !== 'dialing' && phase !== 'up') {
      this.#attempt?.abort();
      this.#attempt = undefined;
    }
    const link = this.#linkNow();
    if (input.type === 'frame' && link === this.#report.link) return;
    const cause = this.#health.phase === 'waiting' ? this.#health.cause : undefined;
    const dropped = before.phase === 'up' && (input.type === 'closed' || input.type === 'tick') ? cause : undefined;
    const at = this.world.clock.now();
    const lost: HealthEvent[] = dropped
      ? [{ type: 'NodeLost', data: { nodeId: this.nodeId, cause: dropped, at } }]
      : [];
    this.#tell(link, [...happened, ...lost]);
    if (cause !== undefined && cause !== this.#remarked) {
      this.#remarked = cause;
      this.feed.remark('warning', `${dropped ? 'link lost' : 'no link'}: ${causeWords(cause)}`);
    }
  }

  #letGo(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    // Not waited for: a peer that is dead does not answer a goodbye, and one that is not wanted any more need not.
    if (this.#health.phase === 'deactivated') connection?.close('not-wanted');
    else connection?.terminate();
    this.#report.forgetCondition();
  }

  /** The link as others see it: the same object as before when nothing about it changed but the round trip. */
  #linkNow(): Link | undefined {
    const { clock, rules } = this.world;
    const [at, nowMs] = [clock.now(), clock.monotonicMs()];
    const wallOf = (ms: number) => new Date(Date.parse(at) + ms - nowMs).toISOString();
    const link = linkOf(this.#health, this.#report.link, { at, wallOf }, rules);
    return isSameLink(this.#report.link, link) ? this.#report.link : link;
  }

  #tell(link: Link | undefined, happened: readonly HealthEvent[] = []): void {
    if (this.#ended) return;
    const roundTripMs = this.#connection?.roundTripMs;
    const clockOffsetMs = this.#connection?.clockOffsetMs;
    const measured = {
      ...(roundTripMs === undefined ? {} : { roundTripMs }),
      ...(clockOffsetMs === undefined ? {} : { clockOffsetMs: Math.round(clockOffsetMs) }),
    };
    const told = link?.phase === 'up' ? { ...link, ...measured } : link;
    this.#report.change(this.#wanted.node.activated, this.#wanted.token, told, happened);
  }

  #gapFact(lost: number, where: 'node' | 'monitor'): HealthEvent {
    return { type: 'NodeLogGap', data: { nodeId: this.nodeId, lost, where, at: this.world.clock.now() } };
  }
}
