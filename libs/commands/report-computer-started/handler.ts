import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { CommandOutcome } from '../context.js';
import { SessionRepository } from '../session-repository.js';
import { ReportComputerStarted } from './command.js';

@CommandHandler(ReportComputerStarted)
export class ReportComputerStartedHandler implements ICommandHandler<ReportComputerStarted, CommandOutcome> {
  constructor(@Inject(SessionRepository) private readonly sessions: SessionRepository) {}

  execute({ sessionId, payload, context }: ReportComputerStarted): Promise<CommandOutcome> {
    return this.sessions.execute(sessionId, { type: 'report-computer-started', data: payload }, context);
  }
}
