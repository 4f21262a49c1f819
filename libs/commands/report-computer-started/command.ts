import type { EventData } from '#domain';
import { SessionMessage } from '../context.js';

/** The computer runs. */
export class ReportComputerStarted extends SessionMessage<EventData['computer.started']> {}
