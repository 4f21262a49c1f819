import { SessionMessage } from '../context.js';

/** Recovery: ends what is stuck and brings the session to a state one can go on from. */
export class ForceState extends SessionMessage<{ to: 'idle' | 'closed' }> {}
