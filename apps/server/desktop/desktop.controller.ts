import { readFile } from 'node:fs/promises';
import { Controller, Get, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import * as contracts from '#contracts';
import { Doc } from '../docs/doc.js';
import { PublicAddress } from '../http/public-address.js';
import type { ServerOptions } from '../options.js';
import { SERVER_OPTIONS } from '../ports.js';
import { SessionId, SessionIdPipe } from '../reading/session-id.pipe.js';
import { SessionReader } from '../reading/session-reader.js';
import { PASS_NAME, PASS_SECONDS, Passes } from './passes.js';
import { requireDesktop } from './require-desktop.js';
import { PAGE_FOLDER, sendPage } from './static-files.js';
import { Tickets } from './tickets.js';

const pageQuery = z.object({
  ticket: z.string().max(100).optional().describe('From the address that POST gives; works once.'),
});

@Controller('api/v0/sessions/:id/desktop')
export class DesktopController {
  private readonly passes: Passes;
  private readonly tickets = new Tickets();

  constructor(
    @Inject(SERVER_OPTIONS) options: ServerOptions,
    @Inject(SessionReader) private readonly sessions: SessionReader,
    @Inject(SessionIdPipe) private readonly ids: SessionIdPipe,
    @Inject(PublicAddress) private readonly address: PublicAddress,
  ) {
    this.passes = new Passes(options.token);
  }

  @Post()
  @Doc({
    summary: 'Get an address where a browser sees the desktop; it works once, within a minute',
    replies: { 201: contracts.desktopLink },
    errors: ['desktop_missing'],
  })
  open(
    @SessionId() id: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): contracts.DesktopLink {
    const session = this.sessions.get(id);
    if (!session.desktop) requireDesktop(session);
    const { ticket, expiresAt } = this.tickets.issue(id);
    reply.header('Cache-Control', 'no-store');
    return {
      url: `${this.address.url(request, pagePath(id))}?ticket=${ticket}`,
      expires_at: expiresAt / 1000,
    };
  }

  /** A ticket becomes a cookie, and is gone from the address that the browser keeps. */
  @Get()
  @Doc({
    summary: 'The desktop as a page for people',
    query: pageQuery,
    replies: { 200: 'text/html' },
  })
  async page(
    @Param('id') reference: string,
    @Query({ schema: pageQuery }) { ticket }: z.infer<typeof pageQuery>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    if (ticket !== undefined) return this.admit(reference, ticket, request, reply);
    this.sessions.get(this.ids.transform(reference));
    return sendPage(reply, await readFile(new URL('desktop.html', PAGE_FOLDER)));
  }

  private admit(sessionId: string, ticket: string, request: FastifyRequest, reply: FastifyReply) {
    if (!this.tickets.redeem(ticket, sessionId)) {
      throw new contracts.ApiError(
        'unauthorized',
        'This address has worked once already, or is more than a minute old: run "raworc session desktop" again.',
      );
    }
    const secure = this.address.isSecure(request) ? '; Secure' : '';
    const pass = `${PASS_NAME}=${this.passes.issue(sessionId)}; Max-Age=${PASS_SECONDS}; HttpOnly; SameSite=Strict`;
    const paths = [pagePath(sessionId), `/api/v0/sessions/${sessionId}/control`].map((path) =>
      this.address.path(path),
    );
    reply.header(
      'Set-Cookie',
      paths.map((path) => `${pass}; Path=${path}${secure}`),
    );
    return sendPage(reply, leadTo(this.address.path(pagePath(sessionId))));
  }
}

/**
 * By a page of ours, not by a redirect: a browser that came by a link from elsewhere would follow that without the
 * strict cookie that it has just got.
 */
function leadTo(path: string): string {
  return `<!doctype html><title>Raworc</title><meta http-equiv="refresh" content="0; url=${path}">\n`;
}

function pagePath(sessionId: string): string {
  return `/api/v0/sessions/${sessionId}/desktop`;
}
