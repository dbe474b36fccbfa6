import type { Figures, RequestView } from '@muster/contracts';
import { AT, NODE_ID, OTHER_ID, RUN } from './examples.js';

/** A request of that number; a higher one is newer. */
export const aRequest = (number: number, over: Partial<RequestView> = {}): RequestView => ({
  requestId: `66666666-6666-4666-8666-${String(number).padStart(12, '0')}`,
  router: RUN,
  state: 'completed',
  acceptedAt: new Date(Date.parse(AT) + number * 1_000).toISOString(),
  endedAt: new Date(Date.parse(AT) + number * 1_000 + 2_400).toISOString(),
  endpoint: 'chat',
  model: 'tiny-chat',
  stream: true,
  nodeId: NODE_ID,
  nodeName: 'brisk-otter',
  executorId: 'tiny',
  keyId: '77777777-7777-4777-8777-777777777777',
  keyName: 'docs-chat',
  status: 200,
  queueMs: 0,
  firstTokenMs: 180,
  totalMs: 2_400,
  tokensIn: 412,
  tokensOut: 231,
  bytesIn: 900,
  bytesOut: 4_000,
  attempts: 1,
  ...over,
});

export const someFigures = (over: Partial<Figures> = {}): Figures => ({
  at: AT,
  since: AT,
  handled: { sinceStart: 48_211, allTime: 60_004, perSecond: 14.2, recent: [1, 2, 3] },
  delayed: { thresholdMs: 30_000, count: 37, of: 48_211 },
  concurrency: {
    now: 14,
    queued: 3,
    most: 19,
    mostAt: AT,
    balance: 0.94,
    nodes: [
      { nodeId: NODE_ID, connected: true, inFlight: 8, most: 9, slots: 8, share: 0.6 },
      { nodeId: OTHER_ID, connected: true, inFlight: 6, most: 10, slots: 4, share: 0.4 },
    ],
  },
  conservation: {
    accepted: 60_030,
    completed: 60_000,
    failed: 1,
    cancelled: 2,
    refused: 1,
    lost: 9,
    inFlight: 14,
    queued: 3,
  },
  pending: 0,
  ...over,
});
