import type { EventData } from '#domain';
import { SessionMessage } from '../context.js';

/** Keeps what the model had said, verbatim, when its turn was ended from outside. */
export class RecordLateResponse extends SessionMessage<EventData['model.responded']> {}
