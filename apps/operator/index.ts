export { OPERATOR_CONSUMER } from './operator.js';
export { OperatorModule } from './operator.module.js';
export type { IdleSession, OperatorOptions, OperatorTiming, SessionDirectory } from './ports.js';
