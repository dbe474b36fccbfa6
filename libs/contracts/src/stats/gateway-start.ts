import * as z from 'zod/mini';
import { orderTo } from '../order.js';

/**
 * This life of the Gateway: bucket GATEWAY, key `gateway`, read by stats. Written by the gateway services, which share one: it
 * begins with the first of them and ends with the last.
 */
export const GatewayStart = z.object({ run: z.uuid(), at: z.iso.datetime() });
export type GatewayStart = z.infer<typeof GatewayStart>;

/** Asked by a gateway service as it starts: whether another one is there already, and which life of the Gateway it is. */
export const ReadGatewayStart = orderTo('gateway', 'read-start', {
  request: z.object({}),
  reply: GatewayStart,
  allowed: 'services',
  deadlineMs: 1_000,
});

/** Every order that the gateway answers. */
export const gatewayOrders = { ReadGatewayStart };
