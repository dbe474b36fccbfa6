import { ServiceConfig } from '@muster/service';
import * as z from 'zod/mini';

/** What stats reads from its environment. */
export const StatsConfig = z.extend(ServiceConfig, {
  DATABASE_URL: z
    .string('must be set')
    .check(z.regex(/^postgres(?:ql)?:\/\//, 'must begin with postgres:// or postgresql://')),
});
export type StatsConfig = z.infer<typeof StatsConfig>;
