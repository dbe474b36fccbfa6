export type { Call, LinesRouteName, ReplyTo, RouteName, WholeRouteName } from './calls.js';
export { type ClientOptions, MusterClient, type RetryRules } from './client.js';
export { NoAnswerError, ProblemError, UnexpectedAnswerError } from './errors.js';
export type { EventsOptions } from './events.js';
export { registerNode } from './register-node.js';
