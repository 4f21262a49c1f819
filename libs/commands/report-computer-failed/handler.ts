import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { CommandOutcome } from '../context.js';
import { SessionRepository } from '../session-repository.js';
import { ReportComputerFailed } from './command.js';

@CommandHandler(ReportComputerFailed)
export class ReportComputerFailedHandler implements ICommandHandler<ReportComputerFailed, CommandOutcome> {
  constructor(@Inject(SessionRepository) private readonly sessions: SessionRepository) {}

  execute({ sessionId, payload, context }: ReportComputerFailed): Promise<CommandOutcome> {
    return this.sessions.execute(sessionId, { type: 'report-computer-failed', data: payload }, context);
  }
}
