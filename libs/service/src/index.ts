export { Bag, type Carried } from './bag.js';
export { ConfigProblem, ListenPort, MusterSecret, NatsUrl, readConfig, ServiceConfig, Switch } from './config.js';
export { Answers, type AnswersOptions, OnFact } from './decorators.js';
export { type DialPolicy, judgeAddress, type Judgement } from './dialling/dial-policy.js';
export { OwnAddresses, type OwnService, servicesOf } from './dialling/own-addresses.js';
export { OwnServices } from './dialling/own-services.js';
export { ADDRESSES_TRIED, type Resolved, Resolver } from './dialling/resolve.js';
export { type CheckResult, Health, type Readiness } from './health.js';
export { loggingOf } from './logging.js';
export {
  type Family,
  familyOf,
  type FamilyType,
  labelled,
  type Labels,
  mergeFamilies,
  METRICS_MEDIA,
  NotMetrics,
  type Reading,
  readFamilies,
  writeFamilies,
} from './metrics/families.js';
export { executorCounts, nodeFamilies, type ObservedNode, statusCounts } from './metrics/node-metrics.js';
export { Buckets, histogramOf } from './metrics/buckets.js';
export { Instance } from './metrics/instance.js';
export { Metrics, oneOf, type Read } from './metrics/metrics.js';
export { Clock, Ids, RandomIds, SystemClock } from './ports.js';
export { releaseVersion } from './release.js';
export {
  type RunningService,
  runService,
  type ServiceOptions,
  startService,
  type StartOptions,
} from './run-service.js';
export { ServiceModule, type ServiceModuleOptions } from './service-module.js';
export { DialEnvironment, dialSettingsOf, OriginsEnvironment } from './settings-environment.js';
export { Shutdown, type ShutdownStage } from './shutdown.js';
export { BusTransport } from './transport.js';
export { Logger, PinoLogger } from 'nestjs-pino';
