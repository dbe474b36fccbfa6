import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Injectable, Logger } from '@nestjs/common';
import { type Problem, Refusal, Outage } from '@muster/contracts';
import type { Request, Response } from 'express';
import { HttpReadings } from '../integrations/http-readings.js';
import { outsiderOf } from './admitted.js';
import { methodsAt } from './methods.js';
import { problem, problemOf } from './problems.js';
import { requestIdIn, sendProblem } from './send-problem.js';

/** The last stop of everything that goes wrong on the way of a REST call. */
@Catch()
@Injectable()
export class ProblemFilter implements ExceptionFilter {
  readonly #log = new Logger('Door');

  constructor(private readonly readings: HttpReadings) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<Request>();
    const response = host.switchToHttp().getResponse<Response>();
    const requestId = requestIdIn(response);
    if (error instanceof HttpException) {
      sendProblem(response, this.#http(error, request, response, requestId));
      return;
    }
    const { method, path } = request;
    if (error instanceof Outage) this.#log.warn({ msg: error.message, part: error.part, method, path, requestId });
    else if (!(error instanceof Refusal)) this.#log.error({ msg: 'A call failed', err: error, requestId });
    else if (error.code === 'origin-refused')
      this.#log.warn({ msg: 'A call from a foreign page was refused', origin: request.headers.origin, requestId });
    const outsider = outsiderOf(request);
    if (outsider !== undefined && error instanceof Refusal) this.readings.refused(outsider, error);
    sendProblem(response, problemOf(error, requestId));
  }

  /** What Nest itself says: that there is no such route, or that a path cannot be decoded. */
  #http(error: HttpException, request: Request, response: Response, requestId: string | undefined): Problem {
    const about = requestId === undefined ? {} : { requestId };
    if (error.getStatus() === 400) return problem('not-http', about);
    if (error.getStatus() !== 404) {
      this.#log.error({ msg: 'A call failed', err: error, requestId });
      return problem('bug', about);
    }
    const methods = methodsAt(request.path);
    if (methods.length === 0) return problem('not-found', about);
    response.setHeader('allow', methods.join(', '));
    return problem('method-not-allowed', about);
  }
}
