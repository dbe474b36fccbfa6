import type { Call } from '@muster/bus';
import { PlaygroundChat, type ReplyOf, type RequestOf } from '@muster/contracts';
import { Answers } from '@muster/service';
import { Controller, Inject } from '@nestjs/common';
import { Router } from '../wiring.js';

@Controller()
export class PlaygroundController {
  constructor(@Inject(Router) private readonly router: Router) {}

  @Answers(PlaygroundChat, { concurrency: 64 })
  chat(request: RequestOf<typeof PlaygroundChat>, { signal }: Call): AsyncIterable<ReplyOf<typeof PlaygroundChat>> {
    return this.router.playground.chat(request, signal);
  }
}
