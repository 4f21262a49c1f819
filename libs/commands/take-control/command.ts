import { SessionMessage } from '../context.js';

/** A person takes the desktop from Host, or keeps it longer. */
export class TakeControl extends SessionMessage<{ leaseId: string; seconds: number }> {}
