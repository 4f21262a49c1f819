import type { EventData } from '#domain';
import { SessionMessage } from '../context.js';

/** The files of this point could not be kept. */
export class RecordSnapshotFailure extends SessionMessage<EventData['files.snapshot_failed']> {}
