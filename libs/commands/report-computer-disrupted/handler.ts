import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { CommandOutcome } from '../context.js';
import { SessionRepository } from '../session-repository.js';
import { ReportComputerDisrupted } from './command.js';

@CommandHandler(ReportComputerDisrupted)
export class ReportComputerDisruptedHandler implements ICommandHandler<
  ReportComputerDisrupted,
  CommandOutcome
> {
  constructor(@Inject(SessionRepository) private readonly sessions: SessionRepository) {}

  execute({ sessionId, payload, context }: ReportComputerDisrupted): Promise<CommandOutcome> {
    return this.sessions.execute(sessionId, { type: 'report-computer-disrupted', data: payload }, context);
  }
}
