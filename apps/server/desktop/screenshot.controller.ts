import { Controller, Get, Inject, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Doc } from '../docs/doc.js';
import type { ServerOptions } from '../options.js';
import { SERVER_OPTIONS } from '../ports.js';
import { goneSignal } from '../reading/gone-signal.js';
import { SessionId } from '../reading/session-id.pipe.js';
import { SessionReader } from '../reading/session-reader.js';
import { requireDesktop } from './require-desktop.js';

@Controller('api/v0/sessions/:id/screenshot')
export class ScreenshotController {
  constructor(
    @Inject(SERVER_OPTIONS) private readonly options: ServerOptions,
    @Inject(SessionReader) private readonly sessions: SessionReader,
  ) {}

  @Get()
  @Doc({
    summary: 'What the screen of the computer shows now',
    replies: { 200: 'image/jpeg' },
    errors: ['desktop_missing', 'computer_not_running', 'computer_failed'],
  })
  async screenshot(@SessionId() id: string, @Res() reply: FastifyReply) {
    requireDesktop(this.sessions.get(id));
    const picture = await this.options.computers.screenshot(id, { signal: goneSignal(reply) });
    return reply
      .type(picture.mediaType)
      .header('Cache-Control', 'no-store')
      .header('X-Content-Type-Options', 'nosniff')
      .send(Buffer.from(picture.bytes));
  }
}
