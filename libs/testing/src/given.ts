import assert from 'node:assert/strict';
import { type Decider, type Event, fold, Refusal, type RefusalCode } from '@muster/contracts';

/**
 * Examples of a decider, as sentences: `given(registered).when(drain).then(drained)`. `then()` with nothing says that the
 * command says nothing new; `thenRefused` that the answer is no, and with which code.
 */
export const givenOf =
  <State, Command, E extends Event>(decider: Decider<State, Command, E>) =>
  (...events: E[]) => ({
    when: (command: Command) => ({
      then(...expected: E[]): void {
        assert.deepEqual(decider.decide(command, fold(decider, events)), expected);
      },
      thenRefused(code: RefusalCode): void {
        assert.throws(
          () => decider.decide(command, fold(decider, events)),
          (error) => error instanceof Refusal && error.code === code,
        );
      },
    }),
  });
