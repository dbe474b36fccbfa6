import { Controller } from '@nestjs/common';
import { type ModelsView, Refusal, routes } from '@muster/contracts';
import { type CallTo, Serves } from '../doors/serves.js';
import { FleetFeed } from '../fleet/fleet-feed.js';
import { ModelsFeed } from './models-feed.js';

@Controller()
export class ModelsController {
  constructor(
    private readonly models: ModelsFeed,
    private readonly fleet: FleetFeed,
  ) {}

  @Serves(routes.listModels)
  async list(): Promise<{ nodes: ModelsView[] }> {
    await this.models.ready();
    return { nodes: this.models.views() };
  }

  @Serves(routes.readModels)
  async read({ params }: CallTo<typeof routes.readModels>): Promise<ModelsView> {
    await this.models.ready();
    if (!this.fleet.has(params.nodeId)) throw new Refusal('node-unknown');
    return this.models.view(params.nodeId);
  }
}
