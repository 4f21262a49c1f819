import { SessionMessage } from '../context.js';

/** Gives Host something to do; queued while it works, and a closed session is restored for it. */
export class PostMessage extends SessionMessage<{ content: string; metadata: Record<string, unknown> }> {}
