import type { EventData } from '#domain';
import { SessionMessage } from '../context.js';

/** Changes name, metadata, timeout or instructions. */
export class UpdateSession extends SessionMessage<EventData['session.updated']> {}
