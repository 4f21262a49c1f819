export { OperatorModule } from './operator.module.js';
export type { IdleSession, OperatorOptions, OperatorTiming, SessionDirectory } from './ports.js';
