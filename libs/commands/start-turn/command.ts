import { SessionMessage } from '../context.js';

/** Host takes up the next unanswered message. */
export class StartTurn extends SessionMessage<{ turnId: string; messageIds: string[] }> {}
