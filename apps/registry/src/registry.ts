import type { ServiceOptions } from '@muster/service';
import { RegistryConfig } from './config.js';
import { RegistryModule } from './registry.module.js';

/** The registry as a service, for its process and for its tests. */
export const registry = {
  name: 'registry',
  config: RegistryConfig,
  module: (config) => RegistryModule.with(config),
} as const satisfies ServiceOptions<typeof RegistryConfig>;
