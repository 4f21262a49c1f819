import type { EventData } from '#domain';
import { SessionMessage } from '../context.js';

/** What was installed in a closed session's computer is kept. */
export class RecordRootFilesystem extends SessionMessage<EventData['root_filesystem.kept']> {}
