export { runSimulatedNodes, type SimulatedNode, type SimulationConfig } from './nodes.ts';
export { defaultStages, type Stage, type StageContext } from './stages.ts';
