import * as z from 'zod/mini';

/** This life of the Gateway: bucket GATEWAY, key `gateway`, written by the gateway service as it starts, read by stats. */
export const GatewayStart = z.object({ run: z.uuid(), at: z.iso.datetime() });
export type GatewayStart = z.infer<typeof GatewayStart>;
