import type { ServiceOptions } from '@muster/service';
import { MonitorConfig } from './config.js';
import { MonitorModule } from './monitor.module.js';

/** The monitor as a service, for its process and for its tests. */
export const monitor = {
  name: 'monitor',
  config: MonitorConfig,
  module: (config) => MonitorModule.with(config),
} as const satisfies ServiceOptions<typeof MonitorConfig>;
