import type { ServiceOptions } from '@muster/service';
import { StatsConfig } from './config.js';
import { StatsModule } from './stats.module.js';

/** Stats as a service, for its process and for its tests. */
export const stats = {
  name: 'stats',
  config: StatsConfig,
  module: (config) => StatsModule.with(config),
} as const satisfies ServiceOptions<typeof StatsConfig>;
