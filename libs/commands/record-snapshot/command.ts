import type { EventData } from '#domain';
import { SessionMessage } from '../context.js';

/** The files of this point are kept. */
export class RecordSnapshot extends SessionMessage<EventData['files.snapshotted']> {}
