import type { Call } from '@muster/bus';
import { type ReplyOf, type RequestOf, VerifyNode } from '@muster/contracts';
import { Answers, Clock } from '@muster/service';
import { Controller, Inject } from '@nestjs/common';
import { Tries } from './tries.js';
import { Verification } from './verification.js';

/** How many looks a minute a person has; and the Gateway itself, which looks for a first node every ten seconds. */
const TRIES = { person: 10, gateway: 60 };

@Controller()
export class VerifyController {
  readonly #tries = new Tries();

  constructor(
    @Inject(Verification) private readonly verification: Verification,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  @Answers(VerifyNode, { concurrency: 16 })
  verify(request: RequestOf<typeof VerifyNode>, { caller, signal }: Call): AsyncIterable<ReplyOf<typeof VerifyNode>> {
    // An account does not get more looks by its keys.
    const { kind, id } = caller.actor.owner ? { kind: 'account', id: caller.actor.owner.id } : caller.actor;
    this.#tries.take(`${kind} ${id}`, kind === 'gateway' ? TRIES.gateway : TRIES.person, this.clock.monotonicMs());
    return this.verification.run(request, signal);
  }
}
