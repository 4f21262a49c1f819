import { SessionMessage } from '../context.js';

/** Ends the computer's processes and keeps its files. With `ifVersion` only when nothing happened since. */
export class CloseSession extends SessionMessage<{
  reason: 'requested' | 'idle_timeout';
  ifVersion?: number;
}> {}
