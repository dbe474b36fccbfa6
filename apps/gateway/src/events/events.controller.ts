import { Bus, FactReader, type ReadFact, sleep, type WantedFrom } from '@muster/bus';
import {
  EVENTS_PAGE,
  type HttpReader,
  Outage,
  POSITION_HEADER,
  type ReadEvent,
  ReadFrom,
  readPosition,
  Refusal,
  routes,
  type StreamName,
} from '@muster/contracts';
import { Clock } from '@muster/service';
import { Controller, Logger } from '@nestjs/common';
import type * as z from 'zod/mini';
import { comment, serverSentEvent, ServerSentEvents } from '../doors/server-sent-events.js';
import { type CallTo, Serves } from '../doors/serves.js';
import { HttpReadings } from '../integrations/http-readings.js';
import { Readers } from './readers.js';

type Call = CallTo<typeof routes.readEvents>;
type Line = z.infer<typeof ReadEvent>;

/** Proxies close what is silent for a minute or less; the position goes with it, so that a reader without facts keeps up too. */
const KEEP_ALIVE_MS = 10_000;
const AT_ONCE = 200;
const RETRY_AFTER_MS = 2_000;
const BUS_AWAY_MS = 1_000;

/** The facts of chosen streams, for programs elsewhere. */
@Controller()
export class EventsController {
  readonly #log = new Logger('Events');

  constructor(
    private readonly bus: Bus,
    private readonly readers: Readers,
    private readonly readings: HttpReadings,
    private readonly clock: Clock,
  ) {}

  @Serves(routes.readEvents)
  async read(call: Call): Promise<AsyncIterable<Line> | ServerSentEvents> {
    const wantsEvents = /\btext\/event-stream\b/.test(call.header('accept') ?? '') && call.method !== 'HEAD';
    const from = wantsEvents ? (lastEventId(call) ?? call.query.after) : call.query.after;
    const chosen = call.query.streams ?? streamsIn(from);
    const { reader: who, streams } = this.readers.of(call, chosen);
    const open = this.readers.streams.enter(who);
    const since = this.clock.now();
    let reader: FactReader | undefined;
    try {
      reader = await FactReader.open(this.bus.factLog, streams, wantedFrom(from));
      const place = placeOf(reader, { address: call.from.remoteAddress, streams: [...streams], since });
      open.begins(place);
      const signal = AbortSignal.any([open.signal, call.signal]);
      const close = (): void => {
        reader?.close();
        open.leave();
      };
      const answered = (): void => {
        if (call.integration) this.readings.answered(call.integration.integrationId, place());
      };
      if (!wantsEvents) return this.#page(call, reader, signal, answered, close);
      const events = new ServerSentEvents();
      void this.#stream(events, reader, AbortSignal.any([signal, events.closed]))
        .catch((error: unknown) => {
          this.#log.error({ msg: 'A stream of facts broke off', err: error, reader: who.name });
          return 'Something went wrong';
        })
        .then((why) => {
          if (why === STALLED) {
            this.#log.warn({ msg: 'A reader of facts stopped reading and was let go', reader: who.name, id: who.id });
            if (call.integration) this.readings.note(call.integration, 'Let go over HTTP: it stopped reading');
          }
          return events.end(why);
        })
        .finally(close);
      return events;
    } catch (error) {
      reader?.close();
      open.leave();
      throw error;
    }
  }

  /** What there is, or the first that comes within the wait. */
  async *#page(
    { query, setHeader }: Call,
    reader: FactReader,
    signal: AbortSignal,
    answered: () => void,
    close: () => void,
  ): AsyncGenerator<Line, void, undefined> {
    const { limit = EVENTS_PAGE.usual, waitMs = 0 } = query;
    try {
      const until = performance.now() + waitMs;
      let facts: ReadFact[] = [];
      for (;;) {
        refuseMissed(reader);
        facts = await reader.next(limit);
        const left = until - performance.now();
        if (facts.length > 0 || left <= 0 || signal.aborted) break;
        await reader.grown(left, signal);
      }
      if (facts.length === 0) refuseMissed(reader);
      setHeader(POSITION_HEADER, facts.at(-1)?.position ?? reader.position);
      answered();
      for (const { json, position } of facts) yield { ...(JSON.parse(json) as object), after: position } as Line;
    } finally {
      close();
    }
  }

  /** Every fact as it comes, until the reader leaves or may not read any more. Returns why it ended, for the last comment. */
  async #stream(events: ServerSentEvents, reader: FactReader, signal: AbortSignal): Promise<string> {
    if (!(await events.write(`retry: ${RETRY_AFTER_MS}\n${serverSentEvent({ id: reader.position })}`))) return STALLED;
    let toldAt = performance.now();
    while (!signal.aborted) {
      let text = '';
      for (const missed of reader.takeMissed())
        text += serverSentEvent({
          id: reader.position,
          event: 'gap',
          data: JSON.stringify({ ...missed, oldest: reader.position }),
        });
      try {
        for (const { json, position } of await reader.next(AT_ONCE))
          text += serverSentEvent({ id: position, data: json });
      } catch (error) {
        if (!(error instanceof Outage)) throw error;
        text += comment('The bus is away; this goes on when it is back');
        await sleep(BUS_AWAY_MS, signal);
      }
      if (text === '' && performance.now() - toldAt >= KEEP_ALIVE_MS)
        text = comment('still here') + serverSentEvent({ id: reader.position });
      if (text !== '') {
        if (!(await events.write(text))) return signal.aborted ? overWords(signal) : STALLED;
        toldAt = performance.now();
      } else await reader.grown(KEEP_ALIVE_MS, signal);
    }
    return overWords(signal);
  }
}

const STALLED = 'You stopped reading';

const overWords = ({ reason }: AbortSignal): string =>
  reason === 'stopping' ? 'The Gateway stops; come again' : 'You may not read this any more';

/** How far a reader is whenever one looks. */
const placeOf = (reader: FactReader, about: Pick<HttpReader, 'address' | 'streams' | 'since'>) => (): HttpReader => {
  const { position, waiting } = reader;
  return { ...about, position, ...(waiting !== undefined && { waiting }) };
};

/** What a browser or a library sends by itself when it comes again: the last `id` that it saw. */
function lastEventId({ header }: Call): string | undefined {
  const id = header('last-event-id');
  if (id === undefined || id === '') return undefined;
  const parsed = ReadFrom.safeParse(id);
  if (parsed.success) return parsed.data;
  throw new Refusal('bad-input', {
    field: 'Last-Event-ID',
    words: 'Last-Event-ID must be an id that a stream carried.',
  });
}

const streamsIn = (from: string | undefined): StreamName[] | undefined => {
  const position = from === undefined ? undefined : readPosition(from);
  return position && (Object.keys(position) as StreamName[]);
};

const wantedFrom = (from = 'now'): WantedFrom =>
  readPosition(from) ?? (from === 'start' || from === '0' ? 'start' : 'now');

/** Nothing is left out in silence: whoever wants to go on all the same says so by asking from the oldest. */
function refuseMissed(reader: FactReader): void {
  const missed = reader.takeMissed();
  if (missed.length === 0) return;
  throw new Refusal('position-too-old', { missed, oldest: reader.position, words: missedWords(missed) });
}

const missedWords = (missed: readonly { stream: string; why: string; facts?: number | undefined }[]): string =>
  missed
    .map(({ stream, why, facts }) =>
      why === 'made-anew'
        ? `${stream} was lost and made anew; what was in it is gone`
        : `${facts ?? 'Some'} facts of ${stream} are not kept any more`,
    )
    .join('. ')
    .concat('. Ask from the position `oldest` to go on with what there is.');
