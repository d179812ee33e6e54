export { runSimulatedNodes, type SimulatedNode, type SimulationConfig } from './nodes.ts';
export type { Stage, StageContext } from './stages.ts';
