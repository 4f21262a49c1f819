import { randomUUID } from 'node:crypto';
import { Body, Controller, Delete, HttpCode, Inject, Post, Query, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { ReleaseControl, SessionRepository, TakeControl, type CommandContext } from '#commands';
import * as contracts from '#contracts';
import { Doc } from '../docs/doc.js';
import { Context } from '../http/command-context.js';
import { OwnWrites } from '../reading/own-writes.js';
import { SessionId } from '../reading/session-id.pipe.js';
import { SessionReader } from '../reading/session-reader.js';
import { requireDesktop } from './require-desktop.js';

const releaseQuery = z.object({
  lease_id: z.uuid().optional().describe('Only if control is held with this id.'),
});

@Controller('api/v0/sessions/:id/control')
export class ControlController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(SessionRepository) private readonly repository: SessionRepository,
    @Inject(SessionReader) private readonly sessions: SessionReader,
    @Inject(OwnWrites) private readonly writes: OwnWrites,
  ) {}

  @Post()
  @HttpCode(200)
  @Doc({
    summary: 'Take the desktop from Host for a while, or keep it longer',
    body: contracts.takeControl,
    bodyOptional: true,
    replies: { 200: contracts.control },
    errors: ['control_taken', 'desktop_missing', 'computer_not_running', 'illegal_transition'],
  })
  async take(
    @SessionId() id: string,
    @Body({ schema: contracts.takeControl.prefault({}) }) request: contracts.TakeControlRequest,
    @Context() { actor }: CommandContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    requireDesktop(this.sessions.get(id));
    const leaseId = request.lease_id ?? randomUUID();
    // Who repeats this without an answer has no lease to lose: the first one runs out.
    const take = new TakeControl(id, { leaseId, seconds: request.seconds }, { actor });
    const outcome = await this.commands.execute(take);
    const until = outcome.state.control?.until ?? 0;
    return this.writes.reply(outcome, reply, () => ({ lease_id: leaseId, by: actor, until }));
  }

  @Delete()
  @HttpCode(204)
  @Doc({
    summary: 'Give the desktop back to Host; nothing happens when nobody holds it',
    query: releaseQuery,
    replies: { 204: undefined },
    errors: ['concurrent_write'],
  })
  async release(
    @SessionId() id: string,
    @Query({ schema: releaseQuery }) { lease_id: given }: z.infer<typeof releaseQuery>,
    @Context() context: CommandContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    this.sessions.get(id);
    const leaseId = given ?? (await this.repository.load(id)).state.control?.leaseId;
    if (leaseId === undefined) return;
    const outcome = await this.commands.execute(
      new ReleaseControl(id, { leaseId, reason: 'returned' }, context),
    );
    return this.writes.reply(outcome, reply, () => undefined);
  }
}
