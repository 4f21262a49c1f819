import { Controller, Get, Headers, Inject, Param, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { ATTACHMENTS } from '#commands';
import { ApiError } from '#contracts';
import type { Attachments } from '#event-store';
import { Doc } from '../docs/doc.js';
import { SessionId } from '../reading/session-id.pipe.js';
import { SessionReader } from '../reading/session-reader.js';
import { mediaTypeOf } from './media-type.js';

const DIGEST = /^[0-9a-f]{64}$/;
const NAMED_IN_ERROR = 64;

@Controller('api/v0/sessions/:id/attachments')
export class AttachmentsController {
  constructor(
    @Inject(ATTACHMENTS) private readonly attachments: Attachments,
    @Inject(SessionReader) private readonly sessions: SessionReader,
  ) {}

  /** What a digest names never changes, so that it may be kept forever. */
  @Get(':sha256')
  @Doc({
    summary: "A picture that the session's events name by its sha256",
    replies: { 200: 'image/*' },
    errors: ['attachment_not_found', 'log_unavailable'],
  })
  async attachment(
    @SessionId() id: string,
    @Param('sha256') sha256: string,
    @Headers('if-none-match') known: string | undefined,
    @Res() reply: FastifyReply,
  ) {
    this.sessions.get(id);
    if (!DIGEST.test(sha256)) throw notFound(sha256);
    const etag = `"${sha256}"`;
    // Whoever knows the tag has the bytes that it names: nothing needs to be read.
    if (known?.includes(etag)) return cacheable(reply, etag).status(304).send();
    const content = await this.attachments.get(id, sha256);
    if (content === undefined) throw notFound(sha256);
    return cacheable(reply, etag).type(mediaTypeOf(content)).send(Buffer.from(content));
  }
}

function cacheable(reply: FastifyReply, etag: string): FastifyReply {
  return reply
    .header('ETag', etag)
    .header('Cache-Control', 'private, max-age=31536000, immutable')
    .header('X-Content-Type-Options', 'nosniff');
}

function notFound(sha256: string): ApiError {
  return new ApiError(
    'attachment_not_found',
    `The session has no attachment "${sha256.slice(0, NAMED_IN_ERROR)}"; its events name those that it has.`,
  );
}
