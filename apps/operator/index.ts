export { OperatorModule } from './operator.module.js';
export {
  COMPUTERS,
  SESSION_DIRECTORY,
  type IdleSession,
  type OperatorOptions,
  type OperatorTiming,
  type SessionDirectory,
} from './ports.js';
