import type { Bus } from '@muster/bus';
import type { HealthEvent, Link, LinkCause, ModelList, NodeState, Sealed } from '@muster/contracts';
import { type FromNode, lineSeen, type NodeConnection, numberingOf, ORDERS_SINCE } from '@muster/node-link';
import type { Clock, Ids } from '@muster/service';
import type { HealthFacts } from '../health/health-facts.js';
import type { HealthRules } from '../health/health-rules.js';
import { isCalm, type LinkHealth, type LinkInput, linkOf, looksAlike, stepLink } from '../health/link-health.js';
import { NodeReport } from '../health/node-report.js';
import { isBeat, NodeFeed } from '../telemetry/node-feed.js';
import type { Queries } from '../telemetry/queries.js';
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
  readonly links: Pick<LinkMaker, 'make' | 'keyId' | 'accepts'>;
  readonly facts: Pick<HealthFacts, 'tell'>;
  readonly bus: Pick<Bus, 'publishSample' | 'publishLog'>;
  /** Hides what only Muster's own services may read. */
  readonly seal: (text: string) => Sealed;
  /** Where samples and logs are kept. */
  readonly kept: Queries;
  readonly onFault: (nodeId: string, error: unknown) => void;
  readonly onFrame: (type: FromNode['type']) => void;
}

/** Not heard for this long, a node is asked for a sign of life, and this often: one whose measuring hangs is not taken for dead. */
const QUIET_MS = 1_500;
const PING_EVERY_MS = 1_500;

/** While a node has the former key alone, the new one is tried this often, and up to a fifth later. A node counts wrong keys. */
const MOVE_EVERY_MS = 30_000;

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
  /** Under which key the connection was made. */
  #keyId: string | undefined;
  #attempt: AbortController | undefined;
  /** A second link is being made beside the first, under another key. */
  #moving: AbortController | undefined;
  /** When to try to move the link to the key in force; undefined while there is no reason to. */
  #moveAtMs: number | undefined;
  #pingedMs = 0;
  /** The cause that the log names already. */
  #remarked: LinkCause | undefined;
  #ended = false;

  constructor(
    private readonly world: WatchWorld,
    wanted: Wanted,
    before: NodeState | undefined,
    onState: (state: NodeState) => void,
    private readonly onModels: (models: ModelList) => void,
  ) {
    const { clock, facts, monitorId, ids, bus } = world;
    this.#wanted = wanted;
    const { kept: queries } = world;
    const token = () => this.#wanted.token;
    this.feed = new NodeFeed({ nodeId: this.nodeId, epoch: ids.uuid(), clock, bus, queries, token });
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

  /** Since when it is due to be dialled, monotonic; undefined while it is not, or it is not known where its flow goes on. */
  get dueSinceMs(): number | undefined {
    if (this.#health.phase === 'up') return this.#moveAtMs;
    return this.#health.phase === 'waiting' && this.feed.isOpen ? this.#health.dialAtMs : undefined;
  }

  /** The link, while it is made: what can be ordered, is ordered over it. */
  get connection(): NodeConnection | undefined {
    return this.#connection;
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

  /**
   * Other keys are in force. A link under the former key stays while that is accepted, and moves over to the new key as soon as
   * the node has it; under a key that was given up it ends.
   */
  keysChanged(): void {
    const { links, clock } = this.world;
    if (this.#health.phase !== 'up') return this.renew('the access key was changed: the link is tried anew');
    if (this.#keyId === links.keyId) this.#moveAtMs = undefined;
    else if (links.accepts(this.#keyId)) this.#moveAtMs = clock.monotonicMs();
    else this.renew('the former access key was given up: the link is made anew');
  }

  /** Time went on; it is `nowMs`, monotonic. */
  tick(impairedUntilMs: number, nowMs: number): void {
    if (!isCalm(this.#health, nowMs, QUIET_MS)) {
      this.#give({ type: 'tick', impairedUntilMs });
      this.#askWhenQuiet(nowMs);
    }
    const lost = this.feed.tellDropped();
    if (lost > 0) this.#report.happened(this.#gapFact(lost, 'monitor'));
    else if (this.#report.owesFacts) this.#report.happened();
  }

  #askWhenQuiet(nowMs: number): void {
    if (this.#connection === undefined || this.#quietForMs(nowMs) < QUIET_MS) return;
    if (nowMs - this.#pingedMs < PING_EVERY_MS) return;
    this.#pingedMs = nowMs;
    // What becomes of it is seen by the frame that answers, or by none.
    this.#connection.ping().catch(() => undefined);
  }

  #quietForMs(nowMs: number): number {
    return this.#health.phase === 'up' ? nowMs - this.#health.lastFrameMs : 0;
  }

  /** Dials once, when that is due. Resolves when the try has ended, whatever came of it. */
  async dial(): Promise<void> {
    if (this.#health.phase === 'up') return this.#move();
    if (this.#health.phase !== 'waiting') return;
    this.#give({ type: 'dial' });
    const attempt = (this.#attempt = new AbortController());
    try {
      const made = await this.world.links.make(this.#wanted.node, this.feed.resume, attempt.signal);
      if (this.#attempt !== attempt || attempt.signal.aborted) {
        if (made.outcome === 'linked') made.connection.terminate();
      } else if (made.outcome === 'linked') this.#open(made.connection, made.keyId);
      else this.#give({ type: 'dial-failed', cause: made.cause });
    } catch (error) {
      this.world.onFault(this.nodeId, error);
      if (this.#attempt === attempt) this.#give({ type: 'dial-failed', cause: 'protocol' });
    }
  }

  /**
   * Makes a second link under the key in force and lets the first one go once it stands: for everybody else nothing has happened.
   * When the node has closed the first one itself, because its keys have changed, this is the try that keeps it up.
   */
  async #move(): Promise<void> {
    const { links, onFault } = this.world;
    this.#moveAtMs = undefined;
    if (this.#moving !== undefined || (this.#connection !== undefined && this.#keyId === links.keyId)) return;
    const moving = (this.#moving = new AbortController());
    const which = this.#connection === undefined ? 'any-key' : 'key-in-force';
    try {
      const made = await links.make(this.#wanted.node, this.feed.resume, moving.signal, which);
      if (this.#moving !== moving || moving.signal.aborted) {
        if (made.outcome === 'linked') made.connection.terminate();
        return;
      }
      this.#moving = undefined;
      if (made.outcome === 'linked') this.#moveTo(made.connection, made.keyId);
      else this.#notMoved(made.cause);
    } catch (error) {
      onFault(this.nodeId, error);
      if (this.#moving !== moving) return;
      this.#moving = undefined;
      this.#notMoved('protocol');
    }
  }

  #moveTo(connection: NodeConnection, keyId: string): void {
    const before = this.#connection;
    this.#adopt(connection, keyId);
    before?.retire('not-wanted');
    this.feed.remark('info', `link moved over to access key ${keyId}`);
    this.#listen(connection);
    this.#tell(this.#report.link);
  }

  #notMoved(cause: LinkCause): void {
    const { clock, random } = this.world;
    if (this.#connection !== undefined) {
      this.#moveAtMs = clock.monotonicMs() + MOVE_EVERY_MS * (1 + random() / 5);
      return;
    }
    // The node closed the first link during this try: one more is due, with every key.
    if (this.#moveAtMs !== undefined) return;
    this.#give({ type: 'closed', cause });
  }

  /** Ends the watch and its link. Nothing more is told of the node from here. */
  end(): void {
    this.#ended = true;
    this.#attempt?.abort();
    this.#attempt = undefined;
    this.#stopMoving();
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.close('not-wanted');
  }

  /** The state to leave behind when nobody watches the node from now on. */
  unwatchedState(): NodeState {
    return this.#report.unwatched(this.#wanted.token);
  }

  #open(connection: NodeConnection, keyId: string): void {
    const { version, run } = connection.hello;
    this.#attempt = undefined;
    this.#remarked = undefined;
    const { restarted, linesMissing } = this.#adopt(connection, keyId);
    const at = this.world.clock.now();
    this.#give({ type: 'opened' }, [{ type: 'NodeConnected', data: { nodeId: this.nodeId, version, run, at } }]);
    if (restarted) {
      const missing = linesMissing ? ': its last lines before may be missing' : '';
      this.feed.remark('info', `the node service was started anew${missing}`);
    }
    if (keyId !== this.world.links.keyId) {
      this.feed.remark('warning', 'linked with the former access key: change it on the node too');
      this.#moveAtMs = this.world.clock.monotonicMs() + MOVE_EVERY_MS;
    }
    this.#listen(connection);
  }

  /** From now on this is the node's link. What its hello says is taken up, and told with the next word. */
  #adopt(connection: NodeConnection, keyId: string): ReturnType<NodeFeed['begin']> {
    const { version, run, hardware, condition, executors } = connection.hello;
    this.#connection = connection;
    this.#keyId = keyId;
    this.#pingedMs = this.world.clock.monotonicMs();
    if (connection.protocol < ORDERS_SINCE) this.#report.learnTicket(undefined);
    this.#report.learn({ hello: { version, run, hardware }, condition, executors });
    return this.feed.begin({
      run,
      numbering: numberingOf(connection.hello),
      line: lineSeen(connection.hello, this.feed.resume),
    });
  }

  /** Takes what comes over the link, from where the flow stands by now. */
  #listen(connection: NodeConnection): void {
    void connection.closed.then((cause) => {
      if (this.#connection !== connection) return;
      this.#connection = undefined;
      // A node that took up another key says so and closes: the key that it has now may be ours, and is tried before anything
      // is said.
      if (cause === 'key-refused') this.#moveAtMs = this.world.clock.monotonicMs();
      else this.#give({ type: 'closed', cause });
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
    }, this.feed.resume);
  }

  /** A frame of the node. Whatever goes wrong with it ends this link and nothing else. */
  #take(connection: NodeConnection, frame: FromNode): void {
    if (this.#connection !== connection) return;
    this.world.onFrame(frame.type);
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
      case 'ticket':
        this.#report.learnTicket(this.world.seal(frame.ticket));
        break;
      case 'models':
        this.onModels({ models: frame.models, more: frame.more });
        return;
      case 'outcome':
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
    // Once a second of every node: what nobody can see of it is not told.
    if (input.type === 'frame' && looksAlike(before, this.#health, this.world.rules)) return;
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

  #stopMoving(): void {
    this.#moving?.abort();
    this.#moving = undefined;
    this.#moveAtMs = undefined;
  }

  #letGo(): void {
    this.#stopMoving();
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
      ...(this.#keyId === undefined ? {} : { keyId: this.#keyId }),
    };
    const told = link?.phase === 'up' ? { ...link, ...measured } : link;
    this.#report.change(this.#wanted.node.activated, this.#wanted.token, told, happened);
  }

  #gapFact(lost: number, where: 'node' | 'monitor'): HealthEvent {
    return { type: 'NodeLogGap', data: { nodeId: this.nodeId, lost, where, at: this.world.clock.now() } };
  }
}
