import { SessionMessage } from '../context.js';

/** Forgets the conversation; the log keeps it. */
export class ClearMessages extends SessionMessage<Record<string, never>> {}
