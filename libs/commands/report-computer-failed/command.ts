import type { EventData } from '#domain';
import { SessionMessage } from '../context.js';

/** The computer could not be started, or broke down. */
export class ReportComputerFailed extends SessionMessage<EventData['computer.failed']> {}
