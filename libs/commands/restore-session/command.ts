import { SessionMessage } from '../context.js';

/** Brings a closed session back; a running one stays as it is. A prompt is posted as a message. */
export class RestoreSession extends SessionMessage<{ prompt?: string }> {}
