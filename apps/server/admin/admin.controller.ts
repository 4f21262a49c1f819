import { Controller, HttpCode, Inject, Post } from '@nestjs/common';
import { z } from 'zod';
import { Doc } from '../docs/doc.js';
import { VIEWS, type Views } from '../ports.js';

const rebuilt = z.object({
  events: z.int().describe('How many positions of the log were replayed.'),
  seconds: z.number(),
  events_per_second: z.int(),
});

@Controller('api/v0/admin')
export class AdminController {
  constructor(@Inject(VIEWS) private readonly views: Views) {}

  @Post('rebuild')
  @HttpCode(200)
  @Doc({ summary: 'Make all views anew from the log; queries go on meanwhile', replies: { 200: rebuilt } })
  async rebuild(): Promise<z.infer<typeof rebuilt>> {
    const { sequence, tookMs } = await this.views.runner.rebuild();
    const seconds = Math.max(tookMs, 1) / 1000;
    return { events: sequence, seconds, events_per_second: Math.round(sequence / seconds) };
  }
}
