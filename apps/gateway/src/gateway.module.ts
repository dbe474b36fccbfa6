import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import { AccountsController } from './accounts/accounts.controller.js';
import { OwnAccountController } from './accounts/own-account.controller.js';
import { ApiKeysController } from './api-keys/api-keys.controller.js';
import { KnownKeys } from './api-keys/known-keys.js';
import { GatewayConfig } from './config.js';
import { DocumentsController } from './documents/documents.controller.js';
import { Door } from './doors/door.js';
import { ProblemFilter } from './doors/problem.filter.js';
import { Reply } from './doors/reply.js';
import { EventsController } from './events/events.controller.js';
import { Readers } from './events/readers.js';
import { ExecutorsController } from './executors/executors.controller.js';
import { FleetFeed } from './fleet/fleet-feed.js';
import { GatewayLife } from './fleet/gateway-life.js';
import { HistoryController } from './history/history.controller.js';
import { IntegrationsController } from './integrations/integrations.controller.js';
import { HttpReadings } from './integrations/http-readings.js';
import { KnownIntegrations } from './integrations/known-integrations.js';
import { OwnConsumers } from './integrations/own-consumers.js';
import { ConsoleDoor } from './live/console-door.js';
import { AllServices } from './metrics/all-services.js';
import { MetricsController } from './metrics/metrics.controller.js';
import { NodeSamples } from './metrics/node-samples.js';
import { ModelsController } from './models/models.controller.js';
import { ModelsFeed } from './models/models-feed.js';
import { LogController } from './nodes/log.controller.js';
import { PlaygroundController } from './playground/playground.controller.js';
import { NodesController } from './nodes/nodes.controller.js';
import { FiguresFeed } from './requests/figures-feed.js';
import { RequestsController } from './requests/requests.controller.js';
import { SessionsController } from './sessions/sessions.controller.js';
import { Sessions } from './sessions/sessions.js';
import { KnownSettings } from './settings/known-settings.js';
import { SettingsController } from './settings/settings.controller.js';
import { ParkedController } from './stores/parked.controller.js';
import { WebhooksController } from './webhooks/webhooks.controller.js';
import { StoreWatch } from './stores/store-watch.js';

/** Everything behind the console's door. Every handler in it stands behind the Door, speaks through Reply and fails into the filter. */
@Module({})
export class GatewayModule {
  static with(config: GatewayConfig): DynamicModule {
    return {
      module: GatewayModule,
      controllers: [
        SessionsController,
        AccountsController,
        OwnAccountController,
        ApiKeysController,
        IntegrationsController,
        NodesController,
        LogController,
        PlaygroundController,
        ExecutorsController,
        ModelsController,
        HistoryController,
        EventsController,
        RequestsController,
        SettingsController,
        ParkedController,
        MetricsController,
        DocumentsController,
        WebhooksController,
      ],
      providers: [
        { provide: GatewayConfig, useValue: config },
        Sessions,
        KnownKeys,
        GatewayLife,
        KnownIntegrations,
        OwnConsumers,
        HttpReadings,
        FleetFeed,
        KnownSettings,
        ModelsFeed,
        FiguresFeed,
        ConsoleDoor,
        StoreWatch,
        Readers,
        NodeSamples,
        AllServices,
        { provide: APP_GUARD, useClass: Door },
        { provide: APP_INTERCEPTOR, useClass: Reply },
        { provide: APP_FILTER, useClass: ProblemFilter },
      ],
    };
  }
}
