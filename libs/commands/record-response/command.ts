import type { EventData } from '#domain';
import { SessionMessage } from '../context.js';

/** Keeps what the model answered, verbatim. */
export class RecordResponse extends SessionMessage<EventData['model.responded']> {}
