import type { AnswerOf, Call, ConsumeOptions, Delivery, FactOf } from '@muster/bus';
import type { FactFamily, Order, RequestOf } from '@muster/contracts';
import { applyDecorators, Catch, type ExceptionFilter, UseFilters } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { type Observable, throwError } from 'rxjs';

/** Marks handlers as ours: Nest's other transports leave them alone. */
export const BUS_TRANSPORT = Symbol.for('muster-bus');

/** What the transport finds beside a handler. */
export type HandlerExtras =
  | { readonly kind: 'order'; readonly order: Order; readonly options: AnswersOptions }
  | { readonly kind: 'fact'; readonly family: FactFamily; readonly options: ConsumeOptions };

export interface AnswersOptions {
  /** How many orders of this kind are worked on at once. */
  readonly concurrency?: number;
}

type MethodOf<Method> = (target: object, key: string | symbol, descriptor: TypedPropertyDescriptor<Method>) => void;

/**
 * The method answers an order, asked over the bus: it gets the parsed request and the Call, and gives the reply (or, for an
 * order that answers as a stream, yields each item). A method of another shape does not compile. Who may not give
 * the order never gets here. Throw a Refusal for "no", an Outage for "somebody else is away"; anything else is a bug.
 */
export function Answers<O extends Order>(order: O, options: AnswersOptions = {}) {
  const extras: HandlerExtras = { kind: 'order', order, options };
  return <Method extends (request: RequestOf<O>, call: Call) => AnswerOf<O>>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<Method>,
  ): void => {
    mark(target, key, descriptor, MessagePattern(order.subject, BUS_TRANSPORT, extras));
  };
}

/**
 * The method takes every fact of a family, in order: the fact counts as taken when its promise resolves, and until then no
 * later one comes. `durable` names how far it has come, on the bus; it is this method's own. A method of another shape
 * does not compile. For failures see `consumeFacts` of the bus.
 */
export function OnFact<Family extends FactFamily>(family: Family, options: ConsumeOptions) {
  const extras: HandlerExtras = { kind: 'fact', family, options };
  return <Method extends (fact: FactOf<Family>, delivery: Delivery) => Promise<void>>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<Method>,
  ): void => {
    mark(target, key, descriptor, EventPattern<string>(`fact:${options.durable}`, BUS_TRANSPORT, extras));
  };
}

function mark<Method>(
  target: object,
  key: string | symbol,
  descriptor: TypedPropertyDescriptor<Method>,
  pattern: MethodDecorator,
): void {
  // Nest hands a method only those arguments that are spoken for.
  Payload()(target, key, 0);
  Ctx()(target, key, 1);
  const decorate: MethodOf<Method> = applyDecorators(pattern, UseFilters(ErrorsAsTheyAre));
  decorate(target, key, descriptor);
}

/** Nest would turn every error into "Internal server error"; the bus tells refusals, outages and bugs apart itself. */
@Catch()
export class ErrorsAsTheyAre implements ExceptionFilter {
  catch(error: unknown): Observable<never> {
    return throwError(() => error);
  }
}
