import type { EventData } from '#domain';
import { SessionMessage } from '../context.js';

/** Keeps a tool's result. */
export class CompleteTool extends SessionMessage<EventData['tool.completed']> {}
