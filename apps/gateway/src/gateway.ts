import { Health, Metrics, type ServiceOptions } from '@muster/service';
import { GatewayConfig, GatewayEnvironment } from './config.js';
import { prepareListener } from './doors/listener.js';
import { FleetFeed } from './fleet/fleet-feed.js';
import { GatewayModule } from './gateway.module.js';
import { ConsoleDoor } from './live/console-door.js';
import { measureConsole } from './metrics/console-metrics.js';
import { Sessions } from './sessions/sessions.js';

/** The console's door as a service: what it reads, what it is made of, and what is set up before it listens. */
export const gateway: ServiceOptions<typeof GatewayEnvironment> = {
  name: 'gateway',
  ownMetricsDoor: true,
  config: GatewayEnvironment,
  module: (environment) => GatewayModule.with(new GatewayConfig(environment)),
  prepare: (app) => {
    prepareListener(app, app.get(GatewayConfig));
    app.get(ConsoleDoor).attach(app.getHttpServer());
    measureConsole(app.get(Metrics), app.get(ConsoleDoor), app.get(Sessions));
    const fleet = app.get(FleetFeed);
    app
      .get(Health)
      .add('fleet', () =>
        fleet.isKnown ? { state: 'up' } : { state: 'degraded', words: 'The fleet is not known yet' },
      );
  },
};
