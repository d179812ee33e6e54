export { runScheduler, type SchedulerConfig } from './scheduler.ts';
