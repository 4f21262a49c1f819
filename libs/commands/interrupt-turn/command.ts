import { SessionMessage } from '../context.js';

/** Stops the running turn; the session stays. */
export class InterruptTurn extends SessionMessage<Record<string, never>> {}
