export { type AnswerOf, type AnswerOptions, type Call, type Handler, mayAsk } from './answer.js';
export { type AskedWith, type AskOptions } from './ask.js';
export { fullJitter, type Random, sleep, within } from './backoff.js';
export { type Bucket, type Change, LOST_KEY_GRACE_MS, type Watching } from './bucket.js';
export { Bus, connectBus } from './bus.js';
export { type BusOptions, hostsOf } from './connection.js';
export { type ConsumeOptions, type Delivery } from './consume-facts.js';
export { type DeadLetter } from './dead-letter.js';
export { type FactLog, type LoggedFact, PositionAhead } from './fact-log.js';
export { type FactOf } from './fact-message.js';
export { FactReader, type ReadFact, type WantedFrom } from './fact-reader.js';
export { type Following } from './follow-facts.js';
export { GapCounter, type Lost } from './gaps.js';
export { type Keeper } from './keeper.js';
export { type LaneOptions, type OnLane } from './lanes.js';
export {
  type AnswerOutcome,
  answerOutcomes,
  type BusCounts,
  type BusNotice,
  type BusState,
  type OnNotice,
  type ReaderState,
  type Stoppable,
  type Tail,
  TailMismatch,
} from './notice.js';
export { type Outlet } from './outlet.js';
export { type ConsumerStart, NoSuchPosition, OUTSIDER_BOUNDS, type ReadSoFar } from './outsider-consumers.js';
export { type KeptLetter } from './read-dead-letters.js';
export { seal, SealBroken, secretId, unseal } from './seal.js';
export { type LetGo, type ServerConnection, ServerWatch } from './server-watch.js';
export { StreamDrift } from './streams.js';
export { type Batch, type FactBatch, PlaceMoved, type StreamPlace, type TakeOptions } from './take-facts.js';
export { webhookSecret, webhookSignature } from './webhook-secret.js';
export { AskOutage, type AskProblem, Envelope, orderHeaders } from './wire.js';
