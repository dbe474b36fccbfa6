import {
  isOpen,
  readableText,
  requestErrorWords,
  type RequestState,
  type RequestView,
  type Status,
} from '@muster/contracts';
import { took } from '../ui/format.js';

export const stateWords: Record<RequestState, string> = {
  queued: 'Queued',
  running: 'In flight',
  completed: 'Completed',
  failed: 'Failed',
  cancelled: 'Cancelled',
  refused: 'Refused',
  lost: 'Lost',
};

export const stateColours: Record<RequestState, Status['colour']> = {
  queued: 'grey',
  running: 'amber',
  completed: 'green',
  failed: 'red',
  cancelled: 'grey',
  refused: 'amber',
  lost: 'red',
};

const LOST = 'Its router fell silent before it told an end';

/** One request as a line of the list. What is not known is a dash, never 0. */
export interface RequestRow {
  readonly requestId: string;
  readonly at: string;
  readonly colour: Status['colour'];
  readonly state: string;
  readonly model: string;
  readonly node: string;
  readonly key: string;
  readonly queue: string;
  readonly firstToken: string;
  readonly total: string;
  readonly tokens: string;
  readonly outcome: string;
}

const NOT_KNOWN = '–';
const lasted = (ms: number | undefined): string => (ms === undefined ? NOT_KNOWN : took(ms));

function tokensOf({ tokensIn, tokensOut }: RequestView): string {
  if (tokensIn === undefined && tokensOut === undefined) return NOT_KNOWN;
  const words = (tokens: number | undefined): string => tokens?.toLocaleString('en-GB') ?? NOT_KNOWN;
  return tokensOut === undefined ? words(tokensIn) : `${words(tokensIn)} › ${words(tokensOut)}`;
}

/** A request in words. `nowMs` is for those under way, which have lasted until now. */
export function rowOf(request: RequestView, nowMs: number): RequestRow {
  const { requestId, acceptedAt: at, state, model, nodeId, nodeName, keyId, keyName, error } = request;
  const sinceMs = Math.max(0, nowMs - Date.parse(at));
  return {
    ...{ requestId, at, colour: stateColours[state], state: stateWords[state] },
    model: readableText(model) || NOT_KNOWN,
    node:
      nodeId === undefined
        ? state === 'queued'
          ? 'waiting'
          : NOT_KNOWN
        : readableText(nodeName ?? nodeId.slice(0, 8)),
    key: keyId === undefined ? 'no key' : readableText(keyName ?? keyId.slice(0, 8)),
    queue: state === 'queued' ? span(sinceMs) : lasted(request.queueMs),
    firstToken: lasted(request.firstTokenMs),
    total: isOpen(request) ? span(sinceMs) : lasted(request.totalMs),
    tokens: tokensOf(request),
    outcome: state === 'lost' ? LOST : error === undefined ? stateWords[state] : requestErrorWords[error],
  };
}

/** Of what goes on, whole seconds are enough: the list is not made anew all the time. */
const span = (ms: number): string => `${Math.floor(ms / 1_000).toLocaleString('en-GB')} s`;
