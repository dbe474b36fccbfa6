export { everySort, type Sort } from './every-sort.js';
export { type FaultProxy, faultProxy, type Faults } from './fault-proxy.js';
export { ggufBytes, type GgufTensor, type GgufValue } from './gguf.js';
export { givenOf } from './given.js';
export { type PostgresWithDump, postgresWithDump } from './postgres-cluster.js';
export { type ChooseScript, type InferenceScript, type SeenCall } from './simulated-inference.js';
export {
  answering,
  type Answering,
  type InferenceCall,
  type Script,
  ScriptedNode,
  type ScriptedNodeOptions,
} from './scripted-node.js';
export { promtool, type PromtoolAnswer } from './promtool.js';
export { SimulatedNode, simulatedFleet, type SimulatedNodeOptions } from './simulated-node.js';
export { type TestDatabase, testDatabase } from './test-database.js';
export { type TestNats, testNats } from './test-nats.js';
export { endWithTestRun, testRunFolder } from './test-run.js';
export { tinyModel, type TinyModelOptions, writeTinyModel } from './tiny-model.js';
export { until, type UntilOptions } from './until.js';
export { type GiveNothing, triedByEverybody } from './tried-by-everybody.js';
