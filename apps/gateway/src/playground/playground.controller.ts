import { Bus } from '@muster/bus';
import { PlaygroundChat, type PlaygroundStep, routes } from '@muster/contracts';
import { Controller } from '@nestjs/common';
import { type CallTo, Serves } from '../doors/serves.js';

@Controller()
export class PlaygroundController {
  constructor(private readonly bus: Bus) {}

  @Serves(routes.playgroundChat)
  chat({ body, caller, signal }: CallTo<typeof routes.playgroundChat>): AsyncIterable<PlaygroundStep> {
    return this.bus.askStream(PlaygroundChat, body, caller, { signal });
  }
}
