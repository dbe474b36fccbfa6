export { addressKey, DEFAULT_NODE_PORT, Host, hostProblem, Port, showAddress } from './address.js';
export { type BusFact, CloudEventHeaders, fromCloudEvent, JetStreamHeaders, toCloudEvent } from './bus/cloud-event.js';
export {
  aggregateId,
  cloudEventType,
  factFamilies,
  type FactFamily,
  type FactFamilyName,
  factName,
  factSubject,
  familyOfStream,
  streamOf,
} from './bus/facts.js';
export { type BucketName, buckets, type BucketSpec } from './bus/buckets.js';
export {
  lifeOf,
  Missed,
  type Position,
  ReadFrom,
  readPosition,
  showPosition,
  type StreamMark,
} from './bus/position.js';
export {
  httpReadingSubject,
  keyUseSubject,
  lanes,
  type LaneSpec,
  logSubject,
  pulseSubject,
  routerPulseSubject,
  sampleSubject,
} from './bus/lanes.js';
export {
  DeadLetterMessage,
  deadLetters,
  type ServiceName,
  type StreamName,
  streams,
  type StreamSpec,
} from './bus/streams.js';
export { StructuredEvent, structuredEvent } from './bus/structured-event.js';
export {
  type BusPermissions,
  type BusService,
  busServices,
  outsiderInbox,
  outsiderPermissions,
  permissionsOf,
  serviceInbox,
} from './bus/users.js';
export {
  Actor,
  actorWords,
  type Decider,
  type Event,
  type Fact,
  FactMeta,
  fold,
  type Recorded,
  type StoredEvent,
} from './fact.js';
export { evolveNode, Fleet, type FleetNode } from './fleet.js';
export {
  COMMAND_ID_HEADER,
  EVENTS_PAGE,
  EventsQuery,
  ExportedEntry,
  isTextual,
  POSITION_HEADER,
  Problem,
  ReadEvent,
  type Route,
  type RouteAllowed,
  type RouteMedia,
  type RouteName,
  routes,
  SessionView,
} from './gateway/rest.js';
export {
  type ConsoleToServer,
  type Joined,
  type LogSnapshot,
  neededToList,
  NodeRoom,
  type Numbered,
  type RegistryList,
  type ServerToConsole,
  socketPolicy,
  type SocketRefusal,
} from './gateway/socket.js';
export {
  FleetChange,
  FleetSnapshot,
  GatewayView,
  loadOf,
  MetricsSnapshot,
  ModelsChange,
  ModelsSnapshot,
  ModelsView,
  NodeLoad,
  NodeView,
  Notice,
  viewOf,
} from './gateway/views.js';
export { describeFact, type FactWords } from './history/describe-fact.js';
export { type LastTold, viewThen } from './history/fleet-at.js';
export {
  cursorOf,
  factFamilyNames,
  HistoryCursor,
  HistoryEntry,
  type HistoryPlace,
  neededToRead,
  newestFirst,
  placeOfCursor,
  readableFamilies,
} from './history/history-entry.js';
export { HistoryFilter, inFilter, searchedText, wordsOf } from './history/history-filter.js';
export {
  HISTORY_PAGE,
  HistoryGrew,
  historyOrders,
  HistoryPage,
  ReadFleetAt,
  ReadHistory,
} from './history/history.orders.js';
export {
  Executor,
  ExecutorFailure,
  ExecutorId,
  ExecutorSample,
  ExecutorState,
  executorStates,
  MOST_EXECUTORS,
} from './monitor/executor.js';
export {
  executorDefaults,
  ExecutorParameters,
  needsRestart,
  parameterLimits,
  SomeParameters,
  startParameters,
  withParameters,
} from './monitor/executor-parameters.js';
export { type FreeGpu, freeMemory, type FreeMemory } from './monitor/free-memory.js';
export { MetricsTargets, ReadServiceMetrics, ServiceMetrics } from './metrics/metrics.orders.js';
export { Gpu, Hardware } from './monitor/hardware.js';
export { executorOrders, HealthEvent } from './monitor/health.events.js';
export { Link, LinkCause, linkCauses } from './monitor/link.js';
export { LOG_LINE_MAX_BYTES, LogEntry, LogLevel, logLevels, LogLine, LogPage, NodeLog } from './monitor/log-entry.js';
export { readableLine, readableText } from './monitor/log-text.js';
export {
  type EstimateInput,
  estimateExecutor,
  estimateMemory,
  type MemoryEstimate,
  type MemoryPool,
} from './monitor/memory-estimate.js';
export { describeEstimate } from './monitor/memory-words.js';
export { MAX_MODELS, Model, ModelMemory } from './monitor/model.js';
export {
  CancelRequests,
  ConfigureExecutor,
  executorCommands,
  nodeCommands,
  ReadLastLines,
  ReadLoadHistory,
  ReadLog,
  ReadSamples,
  RestartExecutor,
  StartExecutor,
  StartExecutorAgain,
  StopExecutor,
} from './monitor/node.commands.js';
export { boundedModels, ModelList, MODELS_BYTES, NodeModels } from './monitor/node-models.js';
export {
  ExecutorDone,
  LAST_LINES,
  LastLines,
  NodeOrder,
  NodeOutcome,
  NodeRefusal,
  nodeRefusals,
} from './monitor/node-orders.js';
export { MonitorPulse, NodeState } from './monitor/node-state.js';
export { GpuSample, Measurement, NodeSample, NumberedSample } from './monitor/sample.js';
export { LOAD_POINTS, LoadPoint, type LoadSpread, loadStepOf } from './monitor/load-history.js';
export {
  colours,
  judge,
  NodeCondition,
  Status,
  statusOf,
  type StatusInput,
  StatusReason,
  statusReasons,
} from './monitor/status.js';
export { stageTitles, VerifyNode, VerifyStage, verifyStages, VerifyStep } from './monitor/verify.js';
export {
  type Allowed,
  type Answers,
  Caller,
  commandSubject,
  commandToNode,
  type Order,
  orderTo,
  type ReplyOf,
  type RequestOf,
} from './order.js';
export { Origin, readOrigin } from './origin.js';
export { parseInput, problemsOf } from './parse.js';
export { allPermissions, Permission, permissions, presetOf, presets, type Preset } from './permissions.js';
export {
  type FieldProblem,
  NewerDatabase,
  Outage,
  Refusal,
  type RefusalCode,
  type RefusalDetail,
  refusals,
} from './refusal.js';
export { AccountEvent, AccountId } from './registry/account.events.js';
export {
  Account,
  accountOrders,
  ChangeAccount,
  ChangePassword,
  CheckSession,
  CreateAccount,
  CreateFirstAccount,
  DeleteAccount,
  DisableAccount,
  EnableAccount,
  EndOwnSessions,
  EndSessions,
  FirstAccountNeeded,
  ListAccounts,
  ListOwnSessions,
  ListSessions,
  ManagedAccount,
  SessionEntry,
  SetPassword,
  SignIn,
  SignOut,
  TokenHash,
} from './registry/account.orders.js';
export {
  AllowedModels,
  API_KEY_MARK,
  allKeyPermissions,
  ApiKeyEvent,
  ApiKeyHash,
  ApiKeyId,
  ApiKeyName,
  ApiKeyText,
  KeyLimits,
  KeyPermission,
  keyPermissions,
  prefixOfKey,
} from './registry/api-key.events.js';
export {
  apiKeyOrders,
  ApiKeyState,
  ChangeApiKey,
  CreateApiKey,
  ListApiKeys,
  ListedApiKey,
  RevokeApiKey,
} from './registry/api-key.orders.js';
export {
  type ApiKey,
  ApiKeys,
  grantedByKey,
  keyAllows,
  type KeyAnswer,
  mayByKey,
  mayGiveToKey,
} from './registry/api-keys.js';
export {
  allIntegrationDoors,
  INTEGRATION_MARK,
  IntegrationDoor,
  integrationDoors,
  IntegrationEvent,
  IntegrationHash,
  IntegrationId,
  IntegrationName,
  IntegrationSecret,
  IntegrationStream,
  integrationStreams,
  natsUserOf,
  prefixOfSecret,
  SuspensionCause,
  suspensionCauses,
  SuspensionReason,
} from './registry/integration.events.js';
export {
  ChangeIntegration,
  CreateIntegration,
  integrationOrders,
  IntegrationActivity,
  integrationBounds,
  IntegrationConnection,
  IntegrationReading,
  IntegrationState,
  ListedIntegration,
  ListIntegrations,
  ListReadings,
  ReadingStart,
  ReplaceIntegrationSecret,
  ResumeIntegration,
  RevokeIntegration,
  SetOwnReading,
  SetReading,
  ShownSecret,
  SuspendIntegration,
} from './registry/integration.orders.js';
export {
  type Integration,
  integrationAllows,
  type IntegrationAnswer,
  Integrations,
  integrationSecretOf,
  neededToGive,
} from './registry/integrations.js';
export {
  FactTypes,
  PauseCause,
  pauseCauses,
  PauseReason,
  WebhookEvent,
  WebhookId,
  WebhookName,
  WebhookUrl,
  webhookUrlProblem,
} from './registry/webhook.events.js';
export {
  ChangeWebhook,
  CreateWebhook,
  PauseFailingWebhook,
  PauseWebhook,
  RemoveWebhook,
  ReplaceWebhookSecret,
  ReplayWebhook,
  ResumeWebhook,
  ShownWebhookSecret,
  webhookOrders,
  WebhookSecret,
} from './registry/webhook.orders.js';
export { evolveWebhook, type Webhook, Webhooks } from './registry/webhooks.js';
export {
  DELIVERIES_PAGE,
  DeliveryOutcome,
  deliveryOutcomes,
  ListedWebhook,
  ListWebhooks,
  ReadDeliveries,
  TestWebhook,
  WebhookDelivery,
  webhookServiceOrders,
} from './webhooks/webhooks.orders.js';
export { HttpCall, HttpReader, HttpReading, IntegrationTrouble, MOST_HTTP_READERS } from './registry/http-reading.js';
export { MOST_TROUBLES, Troubles, troublesTogether } from './registry/troubles.js';
export { apiKeyOf, ApiKeyUsed, KeyUses } from './registry/key-use.js';
export { Certificate, Fingerprint, NodeEvent, NodeId } from './registry/node.events.js';
export {
  ActivateNode,
  ChangeNode,
  Changed,
  DeactivateNode,
  nodeOrders,
  PinCertificate,
  RegisterNode,
  RemoveNode,
} from './registry/node.orders.js';
export { AccessKey, AccessKeyId, SettingsEvent } from './registry/settings.events.js';
export {
  ChangeAccessKey,
  ChangeSettings,
  EndKeyRotation,
  ReadSettings,
  settingsOrders,
  ShowAccessKey,
} from './registry/settings.orders.js';
export { SettingsState } from './registry/settings.state.js';
export { describeRequestFact, requestErrorWords } from './router/describe-request.js';
export {
  fromRequestMessage,
  requestFactId,
  requestFactName,
  RequestHeaders,
  type RequestMessage,
  requestSubject,
  toRequestMessage,
} from './router/request-message.js';
export {
  FailedTry,
  RequestDispatched,
  RequestEndpoint,
  requestEndpoints,
  RequestError,
  requestErrors,
  RequestEvent,
  RequestFinished,
  RequestOutcome,
  requestOutcomes,
  RequestStarted,
} from './router/request.events.js';
export { RouterPulse } from './router/router-pulse.js';
export {
  DialSettings,
  MOST_ORIGINS,
  RetentionSettings,
  SettingsValues,
  shippedSettings,
} from './registry/settings.values.js';
export { type KeyHolders, keyHolders } from './rotation.js';
export { PlaygroundChat, PlaygroundStep, routerOrders, type Said } from './router/playground.js';
export { Sealed } from './sealed.js';
export { Conservation, Figures, MOST_FIGURED_NODES, NodeFigures, RECENT } from './stats/figures.js';
export { gatewayOrders, GatewayStart, ReadGatewayStart } from './stats/gateway-start.js';
export { cursorOfRequest, isAmong, RequestCursor, RequestFilter, requestOfCursor } from './stats/request-filter.js';
export { isOpen, newestRequestFirst, RequestState, requestStates, RequestView } from './stats/request-view.js';
export {
  LIVE_REQUESTS,
  MOST_LINES,
  MOST_TALLIES,
  ReadRequest,
  ReadRequests,
  ReadSeries,
  ReadTallies,
  RequestPage,
  REQUESTS_PAGE,
  RequestsChanged,
  SeriesPoint,
  statsOrders,
} from './stats/stats.orders.js';
export { endedOf, NO_NAME, Spread, Tally, TallyOf } from './stats/tally.js';
export { GraphWindow, Grouping, groupings, WindowName, windows } from './stats/windows.js';
export { ReadHealthFacts, StoredFact, storeOrders } from './store/facts.orders.js';
export {
  GivenUp,
  ListMonitorParked,
  ListRegistryParked,
  MOST_RAW_CHARACTERS,
  ParkedEverywhere,
  ParkedList,
  parkedOrders,
  ParkedStream,
  ReadMonitorStore,
  ReadRegistryStore,
  Retried,
  RetryMonitorParked,
  RetryRegistryParked,
  StoreService,
  StoreState,
} from './store/parked.orders.js';
export {
  ListProjections,
  RebuildableView,
  rebuildOrders,
  RebuildProjection,
  RebuildStep,
} from './store/rebuild.orders.js';
export { AccountName, nameKey, NodeName, Password, visibleText } from './text.js';
export { SCHEMA_VERSION, schemaIdOf, shapeVersion, upcast } from './upcast.js';
