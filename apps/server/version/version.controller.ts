import { Controller, Get, Inject } from '@nestjs/common';
import { z } from 'zod';
import { Doc } from '../docs/doc.js';
import type { ServerOptions } from '../options.js';
import { SERVER_OPTIONS } from '../ports.js';

const version = z.object({ version: z.string(), api: z.literal('v0') });

@Controller()
export class VersionController {
  constructor(@Inject(SERVER_OPTIONS) private readonly options: ServerOptions) {}

  @Get(['version', 'api/v0/version'])
  @Doc({ summary: 'Which Raworc this is; needs no token', replies: { 200: version } })
  version(): z.infer<typeof version> {
    return { version: this.options.version, api: 'v0' };
  }
}
