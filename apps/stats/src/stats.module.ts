import { Bus } from '@muster/bus';
import { shippedSettings } from '@muster/contracts';
import { Lead, openServiceDatabase } from '@muster/event-store';
import { Clock, Health, Ids, Logger, Metrics, Shutdown } from '@muster/service';
import { type DynamicModule, type FactoryProvider, Module } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { StatsConfig } from './config.js';
import { Counting } from './counting.js';
import { Requests1764000200000 } from './migrations/1764000200000-requests.js';
import { measureCounting } from './metrics/counting-metrics.js';
import { Names } from './names.js';
import { StatsController } from './stats.controller.js';
import { Work } from './work.js';
import { WorkingNodes } from './working-nodes.js';

/** The parts of stats, wired. What runs by itself starts with the providers. */
@Module({})
export class StatsModule {
  static with(config: StatsConfig): DynamicModule {
    return {
      module: StatsModule,
      controllers: [StatsController],
      providers: [databaseProvider(config), namesProvider, nodesProvider, workProvider],
    };
  }
}

const databaseProvider = ({ DATABASE_URL: url }: StatsConfig): FactoryProvider => ({
  provide: DataSource,
  inject: [Health, Shutdown, Logger, Metrics],
  useFactory: (health: Health, shutdown: Shutdown, log: Logger, metrics: Metrics) =>
    openServiceDatabase('stats', { health, shutdown, log, metrics }, { url, migrations: [Requests1764000200000] }),
});

const namesProvider: FactoryProvider = {
  provide: Names,
  inject: [Bus, Shutdown],
  useFactory: async (bus: Bus, shutdown: Shutdown) => {
    const names = new Names();
    await names.start(bus);
    shutdown.at('work', () => names.stop());
    return names;
  },
};

const nodesProvider: FactoryProvider = {
  provide: WorkingNodes,
  inject: [Bus, Shutdown],
  useFactory: (bus: Bus, shutdown: Shutdown) => {
    const nodes = new WorkingNodes();
    nodes.start(bus);
    shutdown.at('work', () => nodes.stop());
    return nodes;
  },
};

/** One process counts; any others answer what is asked, and take over when that one ends. */
const workProvider: FactoryProvider = {
  provide: Lead,
  inject: [DataSource, Bus, Clock, Ids, Names, WorkingNodes, Logger, Shutdown, Metrics],
  useFactory: (
    database: DataSource,
    bus: Bus,
    clock: Clock,
    ids: Ids,
    names: Names,
    nodes: WorkingNodes,
    log: Logger,
    shutdown: Shutdown,
    metrics: Metrics,
  ) => {
    const onProblem = (words: string, error: unknown) => {
      log.error({ msg: words, err: error }, 'Stats');
    };
    let current: Counting | undefined;
    const lead = new Lead(database, {
      name: 'counting',
      begin: (hold) => {
        const counting = new Counting({
          database,
          clock,
          thresholdMs: shippedSettings.delayedThresholdMs,
          onChanged: (requests) => {
            work.changed(requests);
          },
        });
        const work = new Work(counting, { bus, clock, ids, names, nodes, hold, onProblem });
        work.start();
        current = counting;
        return work;
      },
      onChange: (leading) => {
        if (!leading) current = undefined;
        log.log(leading ? 'Counting' : 'Another process counts, or none can', 'Stats');
      },
    });
    measureCounting(metrics, () => current, clock);
    shutdown.at('work', () => lead.stop());
    return lead;
  },
};
