import { Controller } from '@nestjs/common';
import {
  ChangeAccessKey,
  ChangeSettings,
  EndKeyRotation,
  ReadSettings,
  type ReplyOf,
  routes,
  ShowAccessKey,
} from '@muster/contracts';
import { Bus } from '@muster/bus';
import { expected } from '../doors/expected.js';
import { type CallTo, Serves } from '../doors/serves.js';

@Controller()
export class SettingsController {
  constructor(private readonly bus: Bus) {}

  @Serves(routes.readSettings)
  read({ caller }: CallTo<typeof routes.readSettings>): Promise<ReplyOf<typeof ReadSettings>> {
    return this.bus.ask(ReadSettings, {}, caller);
  }

  @Serves(routes.changeSettings)
  change({
    body,
    caller,
    expectedVersion,
  }: CallTo<typeof routes.changeSettings>): Promise<ReplyOf<typeof ChangeSettings>> {
    return this.bus.ask(ChangeSettings, { ...body, ...expected(expectedVersion) }, caller);
  }

  @Serves(routes.showAccessKey)
  show({ caller }: CallTo<typeof routes.showAccessKey>): Promise<ReplyOf<typeof ShowAccessKey>> {
    return this.bus.ask(ShowAccessKey, {}, caller);
  }

  @Serves(routes.changeAccessKey)
  changeKey({
    body,
    caller,
    expectedVersion,
  }: CallTo<typeof routes.changeAccessKey>): Promise<ReplyOf<typeof ChangeAccessKey>> {
    return this.bus.ask(ChangeAccessKey, { ...body, ...expected(expectedVersion) }, caller);
  }

  @Serves(routes.endKeyRotation)
  endRotation({
    caller,
    expectedVersion,
  }: CallTo<typeof routes.endKeyRotation>): Promise<ReplyOf<typeof EndKeyRotation>> {
    return this.bus.ask(EndKeyRotation, expected(expectedVersion), caller);
  }
}
