import { Inject, Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { DesktopStreams } from '../desktop/desktop-streams.js';
import { EventStreams } from '../events/event-streams.js';
import type { ServerOptions } from '../options.js';
import { SERVER_OPTIONS } from '../ports.js';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30];
/** A log that does not answer must not keep the other values from whoever looks for the reason. */
const READ_WITHIN_MS = 1_000;
const STATES = ['init', 'idle', 'busy'] as const;

/** What Prometheus reads. Gauges are looked up when it asks. */
@Injectable()
export class Metrics {
  readonly registry = new Registry();
  private readonly requests: Histogram<'method' | 'route' | 'status'>;

  constructor(
    @Inject(SERVER_OPTIONS) private readonly options: ServerOptions,
    @Inject(EventStreams) private readonly streams: EventStreams,
    @Inject(DesktopStreams) private readonly desktops: DesktopStreams,
  ) {
    this.registry.setDefaultLabels({ node: options.node });
    collectDefaultMetrics({ register: this.registry });
    this.requests = new Histogram({
      name: 'raworc_http_request_seconds',
      help: 'Time to answer a request.',
      labelNames: ['method', 'route', 'status'],
      buckets: SECONDS,
      registers: [this.registry],
    });
    this.gauges();
  }

  observe(method: string, route: string, status: number, seconds: number): void {
    this.requests.observe({ method, route, status }, seconds);
  }

  private gauges(): void {
    const { store, views } = this.options;
    const { runner } = views;
    const logSequence = async () => (await store.info()).lastSequence;
    const lag = async () => Math.max(0, (await logSequence()) - runner.position());
    this.gauge('raworc_log_sequence', 'Position of the last event on the log.', logSequence);
    this.gauge('raworc_view_sequence', 'Position of the last event in the views.', () => runner.position());
    this.gauge('raworc_view_lag_events', 'Positions that the views are behind the log.', lag);
    this.gauge('raworc_event_streams', 'Clients that listen to events.', () => this.streams.openCount);
    this.gauge('raworc_desktop_viewers', 'Browsers that see a desktop.', () => this.desktops.viewerCount);
    const sessions = new Gauge({
      name: 'raworc_sessions',
      help: 'Sessions that are not closed, by state.',
      labelNames: ['state'],
      registers: [this.registry],
      collect: () => {
        for (const state of STATES) sessions.set({ state }, 0);
        for (const { state } of views.sessions.live()) sessions.inc({ state });
      },
    });
  }

  /** A value that cannot be had now is left out; the others still come. */
  private gauge(name: string, help: string, read: () => number | Promise<number>): void {
    const gauge: Gauge = new Gauge({
      name,
      help,
      registers: [this.registry],
      collect: async () => {
        try {
          gauge.set(await within(READ_WITHIN_MS, read()));
        } catch {
          gauge.remove();
        }
      },
    });
  }
}

async function within<T>(milliseconds: number, value: T | Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not known within ${milliseconds} ms`)), milliseconds);
  });
  return Promise.race([value, late]).finally(() => clearTimeout(timer));
}
