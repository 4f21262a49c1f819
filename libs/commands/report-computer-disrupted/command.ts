import type { EventData } from '#domain';
import { SessionMessage } from '../context.js';

/** Something happened to a computer that nobody had asked for. */
export class ReportComputerDisrupted extends SessionMessage<EventData['computer.disrupted']> {}
