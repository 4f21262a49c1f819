import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import * as contracts from '#contracts';
import { Doc } from '../docs/doc.js';
import { SseWriter } from '../events/sse-writer.js';
import { DEFAULT_TIMING, type ServerOptions } from '../options.js';
import { SERVER_OPTIONS } from '../ports.js';
import { Closing } from '../reading/closing.js';
import { goneSignal } from '../reading/gone-signal.js';
import { SessionId } from '../reading/session-id.pipe.js';
import { SessionReader } from '../reading/session-reader.js';
import { followStatus, statusOf } from './desktop-status.js';

/** What a desktop's page needs beside the screen, with the page's own cookie. */
@Controller('api/v0/sessions/:id/desktop')
export class DesktopStatusController {
  constructor(
    @Inject(SERVER_OPTIONS) private readonly options: ServerOptions,
    @Inject(SessionReader) private readonly sessions: SessionReader,
    @Inject(Closing) private readonly closing: Closing,
  ) {}

  @Get('status')
  @Doc({
    summary: 'Whose desktop it is, and who uses it; as a stream whenever that changes',
    replies: { 200: contracts.desktopStatus },
    streams: true,
  })
  async status(@SessionId() id: string, @Req() { headers }: FastifyRequest, @Res() reply: FastifyReply) {
    const session = this.sessions.get(id);
    if (!headers.accept?.includes('text/event-stream')) return reply.send(statusOf(session));
    const signal = AbortSignal.any([goneSignal(reply), this.closing.signal]);
    reply.hijack();
    const timing = { ...DEFAULT_TIMING, ...this.options.timing };
    const writer = new SseWriter(reply.raw, timing, signal);
    try {
      for await (const status of followStatus(this.options.views, id, signal)) {
        await writer.send({ data: status });
      }
    } finally {
      writer.close();
    }
  }

  /** Reached without the handshake only; see DesktopStreams. */
  @Get('stream')
  @Doc({
    summary:
      'The screen as RFB over WebSocket; ?control=1 uses it as well, ?lease_id= takes up control again, ' +
      'with &resume=1 only if it was not given back meanwhile',
    replies: { 101: undefined },
    errors: ['upgrade_required'],
  })
  stream(@SessionId() _id: string): never {
    throw new contracts.ApiError('upgrade_required', 'Open a WebSocket at this address.');
  }
}
