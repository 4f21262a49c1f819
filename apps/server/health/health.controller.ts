import { Controller, Get, HttpException, Inject, Res } from '@nestjs/common';
import { HealthCheckService, HealthIndicatorService, type HealthCheckResult } from '@nestjs/terminus';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { Doc } from '../docs/doc.js';
import type { ServerOptions } from '../options.js';
import { SERVER_OPTIONS } from '../ports.js';

const LOG_ANSWERS_WITHIN_MS = 1_000;
const alive = z.object({ status: z.literal('ok') });
const ready = z.looseObject({ status: z.string(), details: z.record(z.string(), z.json()) });

@Controller()
export class HealthController {
  constructor(
    @Inject(SERVER_OPTIONS) private readonly options: ServerOptions,
    @Inject(HealthCheckService) private readonly health: HealthCheckService,
    @Inject(HealthIndicatorService) private readonly indicators: HealthIndicatorService,
  ) {}

  @Get('healthz')
  @Doc({ summary: 'Whether the process runs; needs no token', replies: { 200: alive } })
  healthz(): z.infer<typeof alive> {
    return { status: 'ok' };
  }

  /** The reply is the report in both cases: 503 tells a load balancer, the details tell a person. */
  @Get('readyz')
  @Doc({ summary: 'Whether requests can be served; needs no token', replies: { 200: ready, 503: ready } })
  async readyz(@Res({ passthrough: true }) reply: FastifyReply): Promise<object> {
    try {
      return await this.health.check([() => this.log(), () => this.views(), ...this.conditions()]);
    } catch (error) {
      if (!(error instanceof HttpException)) throw error;
      reply.status(503);
      return error.getResponse() as HealthCheckResult;
    }
  }

  /** Reading is not enough: a log on a full disk is read as ever, and takes nothing. */
  private async log() {
    const { store } = this.options;
    return this.indicators
      .check('log')
      .attempt(async () => {
        await store.checkWritable();
        return { sequence: (await store.info()).lastSequence };
      })
      .withTimeout(LOG_ANSWERS_WITHIN_MS);
  }

  private conditions() {
    const conditions = Object.entries(this.options.conditions?.() ?? {});
    return conditions.map(([name, reason]) => () => {
      const indicator = this.indicators.check(name);
      return reason === undefined ? indicator.up() : indicator.down({ reason });
    });
  }

  private views() {
    const indicator = this.indicators.check('views');
    const { runner, unreadable } = this.options.views;
    const { status: state, ...rest } = runner.health();
    const details = { state, ...rest, unreadable_events: unreadable.count() };
    return state === 'live' ? indicator.up(details) : indicator.down(details);
  }
}
