import type { ServerResponse } from 'node:http';
import type { RequestError, RequestOutcome } from '@muster/contracts';
import { beginSpan, type OpenSpan } from '@muster/tracing';
import type { Call } from '../openai/read-call.js';
import type { Usage } from '../openai/usage.js';
import type { Place } from '../slots/place.js';

/** The spans of one request: its own, and one for each time that a node is asked. Never what was asked or answered. */
export interface RequestTrace {
  /** A node is asked; what it has to be told. */
  asked(place: Place): string | undefined;
  tryFailed(why: RequestError): void;
  end(outcome: RequestOutcome, status: number, why: RequestError | undefined, usage: Usage | undefined): void;
}

/** A part of the application's own trace, when its call names one. Undefined where no traces are made. */
export function beginTrace({ endpoint, model, stream }: Call, response: ServerResponse): RequestTrace | undefined {
  const span = beginSpan(`request ${endpoint}`, 'server', {
    from: { traceparent: response.req.headers['traceparent'] },
    attributes: { 'gen_ai.operation.name': endpoint, 'gen_ai.request.model': model, 'muster.stream': stream },
  });
  if (span === undefined) return undefined;
  let attempt: OpenSpan | undefined;
  const endAttempt = (why: RequestError | undefined) => {
    if (why !== undefined) attempt?.failed(why);
    attempt?.end();
    attempt = undefined;
  };
  return {
    asked: ({ nodeId, executorId }) => {
      attempt = beginSpan('ask node', 'client', {
        from: span,
        attributes: { 'muster.node.id': nodeId, 'muster.executor.id': executorId },
      });
      return attempt?.traceparent;
    },
    tryFailed: endAttempt,
    end: (outcome, status, why, usage) => {
      endAttempt(outcome === 'failed' ? why : undefined);
      span.set({
        'http.response.status_code': status,
        'muster.outcome': outcome,
        ...(usage?.tokensIn === undefined ? {} : { 'gen_ai.usage.input_tokens': usage.tokensIn }),
        ...(usage?.tokensOut === undefined ? {} : { 'gen_ai.usage.output_tokens': usage.tokensOut }),
      });
      if (outcome === 'failed') span.failed(why);
      span.end();
    },
  };
}
