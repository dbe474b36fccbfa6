import { Component, computed, effect, inject, input, signal } from '@angular/core';
import { RouterLink } from '@angular/router';
import {
  describeRequestFact,
  readableText,
  type ReadRequest,
  type ReplyOf,
  type RequestEvent,
  routes,
} from '@muster/contracts';
import { Api } from '../api/api.js';
import { Clock } from '../live/clock.js';
import { Fleet } from '../live/fleet.js';
import { PageTitle } from '../page-title.js';
import { moment, timeOfDay, took } from '../ui/format.js';
import { StatusDot } from '../ui/status-dot.js';
import { rowOf } from './request-words.js';

type Life = ReplyOf<typeof ReadRequest>;

/** Asked for again while it is under way, and a little after. */
const AGAIN_MS = 1_000;

/** The life of one request, fact by fact. Never what was asked or answered. */
@Component({
  selector: 'app-request-page',
  imports: [RouterLink, StatusDot],
  templateUrl: './request-page.html',
  styleUrl: './request-page.css',
})
export class RequestPage {
  /** From the address of the page. */
  readonly requestId = input.required<string>();

  readonly #api = inject(Api);
  readonly #clock = inject(Clock);
  readonly #fleet = inject(Fleet);
  protected readonly life = signal<Life | undefined>(undefined);
  protected readonly problem = signal<string | undefined>(undefined);
  protected readonly row = computed(() => {
    const life = this.life();
    return life && rowOf(life.request, this.#clock.now());
  });
  protected readonly when = computed(() => moment(this.life()?.request.acceptedAt ?? '', this.#clock.now()));
  protected readonly details = computed(() => {
    const request = this.life()?.request;
    const row = this.row();
    if (request === undefined || row === undefined) return [];
    const { endpoint, stream, status, bytesIn, bytesOut, attempts, executorId } = request;
    const known = (words: string | number | undefined): string => (words === undefined ? '–' : String(words));
    return [
      { name: 'Endpoint', words: `${known(endpoint)}${stream ? ', streamed' : ''}` },
      { name: 'Model', words: row.model },
      {
        name: 'Node',
        words: executorId === undefined ? row.node : `${row.node}, executor ${readableText(executorId)}`,
      },
      { name: 'Key', words: row.key },
      { name: 'Answered', words: known(status) },
      { name: 'Queue', words: row.queue },
      { name: 'First token', words: row.firstToken },
      { name: 'Total', words: row.total },
      { name: 'Tokens in › out', words: row.tokens },
      { name: 'Bytes in › out', words: `${known(bytesIn)} › ${known(bytesOut)}` },
      { name: 'Nodes asked', words: known(attempts) },
    ];
  });
  protected readonly facts = computed(() => {
    const facts = this.life()?.facts ?? [];
    const startMs = Date.parse(facts[0]?.data.at ?? '');
    return facts.map((fact) => ({ fact, ...this.#wordsOf(fact, startMs) }));
  });

  constructor() {
    inject(PageTitle).show('Request');
    effect((onCleanup) => {
      const requestId = this.requestId();
      const ended = new AbortController();
      let timer: ReturnType<typeof setTimeout> | undefined;
      const read = async () => {
        const answer = await this.#api.call(routes.readRequest, { params: { requestId }, signal: ended.signal });
        if (ended.signal.aborted) return;
        this.problem.set(answer.ok ? undefined : answer.failure.words);
        if (answer.ok) this.life.set(answer.value);
        const isOver = answer.ok && answer.value.request.endedAt !== undefined && answer.value.request.state !== 'lost';
        if (!isOver) timer = setTimeout(() => void read(), AGAIN_MS);
      };
      void read();
      onCleanup(() => {
        ended.abort();
        clearTimeout(timer);
      });
    });
  }

  #wordsOf(fact: RequestEvent, startMs: number) {
    const { at, nodeId } = fact.data;
    const { colour, title, detail } = describeRequestFact(fact, this.#fleet.last()?.nodes.get(nodeId ?? '')?.name);
    const after = Date.parse(at) - startMs;
    return {
      ...{ colour, title: readableText(title), detail: detail === undefined ? '' : readableText(detail) },
      ...{ time: timeOfDay(at), after: after > 0 ? `+${took(after)}` : '' },
      raw: JSON.stringify(fact, undefined, 2).split('\n').map(readableText).join('\n'),
    };
  }
}
