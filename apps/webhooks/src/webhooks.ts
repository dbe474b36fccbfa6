import type { ServiceOptions } from '@muster/service';
import { WebhooksConfig } from './config.js';
import { WebhooksModule } from './webhooks.module.js';

/** The sending of webhooks as a service, for its process and for its tests. */
export const webhooks = {
  name: 'webhooks',
  config: WebhooksConfig,
  module: (config) => WebhooksModule.with(config),
} as const satisfies ServiceOptions<typeof WebhooksConfig>;
