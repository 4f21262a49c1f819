import type { EventData } from '#domain';
import { SessionMessage } from '../context.js';

/** Notes that a tool is about to run, so that it never runs twice. */
export class StartTool extends SessionMessage<EventData['tool.started']> {}
