import type { EventData } from '#domain';
import { SessionMessage } from '../context.js';

/** The model has nothing more to do. */
export class CompleteTurn extends SessionMessage<EventData['turn.completed']> {}
