import { Controller } from '@nestjs/common';
import { ChangeAccessKey, ReadSettings, type ReplyOf, routes, ShowAccessKey } from '@muster/contracts';
import { Bus } from '@muster/bus';
import { type CallTo, Serves } from '../doors/serves.js';

@Controller()
export class SettingsController {
  constructor(private readonly bus: Bus) {}

  @Serves(routes.readSettings)
  read({ caller }: CallTo<typeof routes.readSettings>): Promise<ReplyOf<typeof ReadSettings>> {
    return this.bus.ask(ReadSettings, {}, caller);
  }

  @Serves(routes.showAccessKey)
  show({ caller }: CallTo<typeof routes.showAccessKey>): Promise<ReplyOf<typeof ShowAccessKey>> {
    return this.bus.ask(ShowAccessKey, {}, caller);
  }

  @Serves(routes.changeAccessKey)
  change({ body, caller }: CallTo<typeof routes.changeAccessKey>): Promise<ReplyOf<typeof ChangeAccessKey>> {
    return this.bus.ask(ChangeAccessKey, body, caller);
  }
}
