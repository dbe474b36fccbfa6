import { type RequestError, type RequestEvent, type RequestFinished, requestErrors } from '@muster/contracts';
import { Buckets, type Family, familyOf, histogramOf, type Reading } from '@muster/service';

/** Models by name; of further ones there is one for all. Names that no node has are never among them. */
const MOST_MODELS = 200;
const OTHER = 'other';

/** Seconds until an answer begins or is whole: some take minutes. */
const ANSWER_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];

/** What is counted of one model. */
class OfModel {
  readonly queue = new Buckets();
  readonly firstToken = new Buckets(ANSWER_BOUNDS);
  readonly total = new Buckets(ANSWER_BOUNDS);
  readonly ended = new Map<string, { endpoint: string; outcome: string; count: number }>();
  tokensIn = 0;
  tokensOut = 0;

  take({ endpoint, outcome, queueMs, firstTokenMs, totalMs, tokensIn, tokensOut }: RequestFinished['data']): void {
    const name = `${endpoint} ${outcome}`;
    const ended = this.ended.get(name);
    if (ended === undefined) this.ended.set(name, { endpoint, outcome, count: 1 });
    else ended.count += 1;
    this.queue.observe(queueMs / 1_000);
    if (firstTokenMs !== undefined) this.firstToken.observe(firstTokenMs / 1_000);
    this.total.observe(totalMs / 1_000);
    this.tokensIn += tokensIn ?? 0;
    this.tokensOut += tokensOut ?? 0;
  }
}

/**
 * Counts requests by the facts about their end. Every request pays for it, so nothing is looked up but the model and the
 * outcome, and nothing is put into words before somebody asks.
 */
export class RequestMetrics {
  readonly #models = new Map<string, OfModel>();
  readonly #errors = new Map<RequestError, number>();
  readonly #retries = new Map<RequestError, number>();

  take(event: RequestEvent): void {
    if (event.type !== 'RequestFinished') return;
    const { data } = event;
    this.#of(data).take(data);
    if (data.error !== undefined) count(this.#errors, data.error);
    if (data.failedTries !== undefined) for (const { error } of data.failedTries) count(this.#retries, error);
  }

  families(): Family[] {
    const models = [...this.#models].map(([model, of]) => ({ labels: { model }, of }));
    const histogram = (name: string, help: string, which: 'queue' | 'firstToken' | 'total') =>
      histogramOf(
        name,
        help,
        models.map(({ labels, of }) => ({ labels, buckets: of[which] })),
      );
    return [
      familyOf(
        'muster_requests_total',
        'counter',
        'Requests of applications that have ended, by how they ended',
        models.flatMap(({ labels, of }) =>
          [...of.ended.values()].map(({ endpoint, outcome, count: value }) => ({
            value,
            labels: { ...labels, endpoint, outcome },
          })),
        ),
      ),
      familyOf(
        'muster_request_tokens_total',
        'counter',
        'Tokens that were read and written, as the nodes count them',
        models.flatMap(({ labels, of: { tokensIn, tokensOut } }) => [
          { value: tokensIn, labels: { ...labels, direction: 'in' } },
          { value: tokensOut, labels: { ...labels, direction: 'out' } },
        ]),
      ),
      histogram('muster_request_queue_seconds', 'How long requests waited for a slot', 'queue'),
      histogram('muster_request_first_token_seconds', 'From acceptance to the first byte of the answer', 'firstToken'),
      histogram('muster_request_duration_seconds', 'From acceptance to the end', 'total'),
      familyOf('muster_request_errors_total', 'counter', 'Requests that did not complete, by why', all(this.#errors)),
      familyOf(
        'muster_request_retries_total',
        'counter',
        'Tries that failed before another one, by why',
        all(this.#retries),
      ),
    ];
  }

  #of({ model, error }: RequestFinished['data']): OfModel {
    // A name that nobody serves is the client's own, and there is no end to those.
    const name = error === 'model-unknown' ? OTHER : model;
    const known = this.#models.get(name);
    if (known !== undefined) return known;
    const label = this.#models.size < MOST_MODELS ? name : OTHER;
    const made = this.#models.get(label) ?? new OfModel();
    this.#models.set(label, made);
    return made;
  }
}

const count = (counts: Map<RequestError, number>, error: RequestError): void => {
  counts.set(error, (counts.get(error) ?? 0) + 1);
};

/** Each there is, counted or not: what has not happened yet is 0. */
const all = (counts: ReadonlyMap<RequestError, number>): Reading[] =>
  requestErrors.map((error) => ({ value: counts.get(error) ?? 0, labels: { error } }));
