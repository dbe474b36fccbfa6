import * as z from 'zod/mini';
import type { Order } from '../order.js';

/** Who has answered: a service, and which of its processes, as `host:port`. */
const answered = {
  service: z.string().check(z.regex(/^[a-z][a-z-]{0,31}$/)),
  instance: z.string().check(z.minLength(1), z.maxLength(300)),
};

/** What a process counts and measures: the text format of Prometheus (0.0.4), gzipped, as base64. */
export const ServiceMetrics = z.object({
  ...answered,
  gzipped: z.base64().check(z.maxLength(900_000)),
});
export type ServiceMetrics = z.infer<typeof ServiceMetrics>;

/** Asked of every process at once: each of them answers, under its own name. */
export const ReadServiceMetrics = {
  subject: 'muster.ask.services.metrics',
  request: z.object({}),
  reply: ServiceMetrics,
  allowed: 'services',
  deadlineMs: 1_000,
  answers: 'once',
} as const satisfies Order;

/** Targets in the form of Prometheus' HTTP service discovery: `host:port` each, with what names them. */
export const MetricsTargets = z.array(
  z.object({ targets: z.array(z.string()), labels: z.record(z.string(), z.string()) }),
);
export type MetricsTargets = z.infer<typeof MetricsTargets>;
