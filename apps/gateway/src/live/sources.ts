import { AskOutage, Bus, type Stoppable } from '@muster/bus';
import {
  type Caller,
  commandSubject,
  type FactFamilyName,
  type Figures,
  type FleetChange,
  type FleetSnapshot,
  type HistoryEntry,
  type HistoryPage,
  type LogEntry,
  LIVE_REQUESTS,
  type LogSnapshot,
  type ModelsChange,
  type ModelsSnapshot,
  neededToRead,
  type NodeSample,
  Outage,
  ReadHistory,
  ReadLog,
  ReadRequests,
  ReadSamples,
  type ReplyOf,
  type RequestPage,
  type RequestView,
} from '@muster/contracts';
import type { Clock, Ids } from '@muster/service';
import { outsideTraces } from '@muster/tracing';
import { gatewayCaller } from '../doors/callers.js';
import type { FleetFeed } from '../fleet/fleet-feed.js';
import type { ModelsFeed } from '../models/models-feed.js';
import { HistoryThread } from './history-thread.js';
import { LogThread, SHOWN_ENTRIES } from './log-thread.js';
import { MetricsThread } from './metrics-thread.js';
import type { FiguresFeed } from '../requests/figures-feed.js';
import { RequestsThread } from './requests-thread.js';
import type { Say, Source } from './room.js';

export interface SourcePorts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** The page gives a room five seconds to open; this leaves one for the way. */
const OPEN_WITHIN_MS = 4_000;

/** How often it is asked again for a node that no monitor holds, while somebody looks. */
const ASK_AGAIN_MS = 2_000;

/** New lines reach a page four times a second. */
const LOG_FLUSH_MS = 250;

/** The fleet: what the feed says anyway, and the loads of the nodes while somebody looks. */
export function openFleet(feed: FleetFeed, say: Say<FleetChange>): Source<FleetSnapshot> {
  const off = feed.onChange((change) => {
    say.change(change);
  });
  const loads = feed.watchLoads();
  return {
    ready: feed.ready(),
    snapshot: () => feed.snapshot(),
    close: () => {
      off();
      void loads.stop();
    },
  };
}

/** The models of every node. */
export function openModels(feed: ModelsFeed, say: Say<ModelsChange>): Source<ModelsSnapshot> {
  const off = feed.onChange((change) => {
    say.change(change);
  });
  return { ready: feed.ready(), snapshot: () => feed.snapshot(), close: off };
}

/** Samples of one node: the last five minutes, then each as it comes. Listens before it asks. */
export function openMetrics(
  ports: SourcePorts,
  nodeId: string,
  say: Say<{ nodeId: string; samples: NodeSample[] }>,
): Source<{ samples: NodeSample[] }> {
  const thread = new MetricsThread();
  const lane = ports.bus.onSamples(
    (sample) => {
      if (thread.add(sample)) say.change({ nodeId, samples: [sample] });
    },
    { nodeId },
  );
  const subject = commandSubject(ReadSamples, nodeId);
  const asking = askMonitor(
    (signal) => ports.bus.ask(ReadSamples, {}, callerOf(ports), { subject, signal }),
    () => {
      say.lost();
    },
  );
  return {
    ready: asking.answer.then((answer) => {
      thread.begin(answer?.samples ?? []);
    }),
    snapshot: () => ({ samples: thread.snapshot() }),
    close: closing(ports.bus, lane, asking, say),
  };
}

/** The log of one node: its last entries, then new ones four times a second. Listens before it asks. */
export function openLog(
  ports: SourcePorts,
  nodeId: string,
  say: Say<{ nodeId: string; entries: LogEntry[] }>,
): Source<LogSnapshot> {
  const { bus, clock, ids } = ports;
  const thread = new LogThread(ids.uuid());
  const lane = bus.onLogs(
    (log) => {
      if (!thread.add(log, clock.now())) say.lost();
    },
    { nodeId },
  );
  const subject = commandSubject(ReadLog, nodeId);
  const asking = askMonitor<ReplyOf<typeof ReadLog>>(
    (signal) => bus.ask(ReadLog, { limit: SHOWN_ENTRIES }, callerOf(ports), { subject, signal }),
    () => {
      say.lost();
    },
  );
  const timer = setInterval(() => {
    const entries = thread.flush();
    if (entries.length > 0) say.change({ nodeId, entries });
  }, LOG_FLUSH_MS);
  const close = closing(bus, lane, asking, say);
  return {
    ready: asking.answer.then((answer) => {
      if (!thread.begin(answer, clock.now())) throw new Outage('monitor', 'The log began anew while it was read');
    }),
    snapshot: () => thread.snapshot(),
    close: () => {
      clearInterval(timer);
      close();
    },
  };
}

/**
 * The timeline of these families: the newest entries, then each that joins. Listens before it asks. An entry that was lost on
 * the way, or may have been while the bus was away, ends the thread: everybody comes in anew.
 */
export function openHistory(
  ports: SourcePorts,
  families: readonly FactFamilyName[],
  say: Say<{ entries: HistoryEntry[] }>,
): Source<HistoryPage> {
  const { bus } = ports;
  const thread = new HistoryThread(families);
  const lane = bus.onHistory(({ entry }, lost) => {
    if (lost !== 0) say.lost();
    else if (thread.add(entry)) say.change({ entries: [entry] });
  });
  const left = new AbortController();
  const signal = AbortSignal.any([left.signal, AbortSignal.timeout(OPEN_WITHIN_MS)]);
  // Asked in the gateway's own name, with what the members of this room may read.
  const caller = { ...callerOf(ports), permissions: [...new Set(families.map((family) => neededToRead[family]))] };
  const page = bus.ask(ReadHistory, { filter: {} }, caller, { signal });
  return {
    ready: page.then((answer) => {
      thread.begin(answer);
    }),
    snapshot: () => thread.snapshot(),
    close: closing(bus, lane, { answer: page, giveUp: () => left.abort() }, say),
  };
}

/** The figures of this moment: what the feed says anyway. */
export function openFigures(feed: FiguresFeed, say: Say<{ figures: Figures }>): Source<{ figures: Figures | null }> {
  const off = feed.onChange((figures) => {
    say.change({ figures });
  });
  return { ready: Promise.resolve(), snapshot: () => ({ figures: feed.figures }), close: off };
}

/**
 * The newest requests, then those that change, as often as stats tells them. Listens before it asks. What was lost on the
 * way, or may have been while the bus was away, ends the thread: everybody comes in anew.
 */
export function openRequests(ports: SourcePorts, say: Say<{ changed: RequestView[] }>): Source<RequestPage> {
  const { bus } = ports;
  const thread = new RequestsThread();
  const lane = bus.onRequests(({ changed }, lost) => {
    if (lost !== 0) say.lost();
    else if (thread.add(changed)) say.change({ changed });
  });
  const left = new AbortController();
  const signal = AbortSignal.any([left.signal, AbortSignal.timeout(OPEN_WITHIN_MS)]);
  const page = bus.ask(ReadRequests, { filter: {}, limit: LIVE_REQUESTS }, callerOf(ports), { signal });
  return {
    ready: page.then((answer) => {
      thread.begin(answer);
    }),
    snapshot: () => thread.snapshot(),
    close: closing(bus, lane, { answer: page, giveUp: () => left.abort() }, say),
  };
}

const callerOf = ({ ids }: SourcePorts): Caller => gatewayCaller(ids.uuid(), ids.uuid());

interface Asking<Reply> {
  /** Undefined when no monitor holds the node, as while it is deactivated: then there is nothing to show yet. */
  readonly answer: Promise<Reply | undefined>;
  giveUp(): void;
}

/**
 * Asks whichever monitor holds the node. When none does, it goes on asking, and calls `found` once one has answered: it may
 * have been activated, or monitor and bus came back later than we did.
 */
function askMonitor<Reply>(ask: (signal: AbortSignal) => Promise<Reply>, found: () => void): Asking<Reply> {
  const left = new AbortController();
  const once = () => ask(AbortSignal.any([left.signal, AbortSignal.timeout(OPEN_WITHIN_MS)]));
  let timer: NodeJS.Timeout | undefined;
  const later = (): void => {
    if (left.signal.aborted) return;
    // Asked again and again for whoever looks: no part of the trace of who came first.
    timer = outsideTraces(() => setTimeout(() => void once().then(found, later), ASK_AGAIN_MS));
  };
  const answer = once().catch((error: unknown) => {
    if (!(error instanceof AskOutage && error.problem === 'no-responders')) throw error;
    later();
    return undefined;
  });
  return {
    answer,
    giveUp: () => {
      clearTimeout(timer);
      left.abort();
    },
  };
}

/** Ends a node's source. After the bus was away it ends by itself: what was said meanwhile is only with the monitor. */
function closing(bus: Bus, lane: Stoppable, asking: Asking<unknown>, say: Say<never>): () => void {
  const off = bus.onState((state) => {
    if (state === 'up') say.lost();
  });
  return () => {
    off();
    asking.giveUp();
    void lane.stop();
  };
}
