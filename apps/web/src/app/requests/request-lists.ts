import {
  cursorOfRequest,
  isAmong,
  newestRequestFirst,
  type RequestFilter,
  type RequestPage,
  type RequestView,
} from '@muster/contracts';

/** So many requests the page holds at once: then it is better to narrow what is shown. */
export const MOST_SHOWN = 500;

/** The newest requests as they come live, and where the older ones begin. */
export type LiveRequests = RequestPage;

/** What was fetched for one filter: page by page, from the newest back. */
export interface FetchedRequests {
  readonly key: string;
  readonly requests: readonly RequestView[];
  readonly older: string | null;
}

export const keyOf = (filter: RequestFilter): string => JSON.stringify(Object.entries(filter).sort());
export const isFiltered = (filter: RequestFilter): boolean => Object.keys(filter).length > 0;

/** Each request once, in the shape that stands last, newest first. */
export function union(...lists: readonly (readonly RequestView[])[]): RequestView[] {
  const known = new Map<string, RequestView>();
  for (const list of lists) for (const request of list) known.set(request.requestId, request);
  return [...known.values()].sort(newestRequestFirst);
}

/** Folds requests that changed into the newest ones; there are no more of them than before, or than `most`. */
export function grow({ requests, older }: LiveRequests, changed: readonly RequestView[], most: number): LiveRequests {
  const all = union(requests, changed);
  const kept = all.slice(0, most);
  const last = kept.at(-1);
  return {
    requests: kept,
    older: last !== undefined && (all.length > most || older !== null) ? cursorOfRequest(last) : null,
  };
}

/** What is to be shown for a filter: what was fetched for it, and what came live, each in its newest shape. */
export function shown(
  live: LiveRequests,
  fetched: FetchedRequests | undefined,
  filter: RequestFilter,
): { requests: readonly RequestView[]; more: boolean; complete: boolean } {
  const own = fetched?.key === keyOf(filter) ? fetched : undefined;
  const requests = union(own?.requests ?? [], live.requests).filter((request) => isAmong(request, filter));
  const more = own === undefined ? live.older !== null : own.older !== null;
  return {
    requests: requests.slice(0, MOST_SHOWN),
    more: more && requests.length < MOST_SHOWN,
    complete: own !== undefined || !isFiltered(filter) || live.older === null,
  };
}
