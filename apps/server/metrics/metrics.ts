import { Inject, Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { SessionRepository } from '#commands';
import { DesktopStreams } from '../desktop/desktop-streams.js';
import { EventStreams } from '../events/event-streams.js';
import type { ServerOptions } from '../options.js';
import { SERVER_OPTIONS } from '../ports.js';
import { Gauges, shared } from './gauges.js';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30];
const STATES = ['init', 'idle', 'busy'] as const;

/** What Prometheus reads. Gauges are looked up when it asks; docs/metrics.md lists the names. */
@Injectable()
export class Metrics {
  readonly registry = new Registry();
  private readonly requests: Histogram<'method' | 'route' | 'status'>;
  private readonly gauges = new Gauges(this.registry);

  constructor(
    @Inject(SERVER_OPTIONS) private readonly options: ServerOptions,
    @Inject(SessionRepository) private readonly repository: SessionRepository,
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
    this.ofLog();
    this.ofConsumers();
    this.ofProcess();
    this.ofSessions();
  }

  observe(method: string, route: string, status: number, seconds: number): void {
    this.requests.observe({ method, route, status }, seconds);
  }

  private ofLog(): void {
    const { gauges } = this;
    const { store, views } = this.options;
    const info = shared(() => store.info());
    gauges.add(
      'raworc_log_sequence',
      'Position of the last event on the log.',
      async () => (await info()).lastSequence,
    );
    gauges.add('raworc_log_events', 'Events on the log.', async () => (await info()).events);
    gauges.add(
      'raworc_log_bytes',
      'What the events take on the disk of one copy of the log.',
      async () => (await info()).bytes,
    );
    gauges.add('raworc_unreadable_events', 'Events on the log that cannot be read.', () =>
      views.unreadable.count(),
    );
  }

  /** Asked of the log itself, which knows them whichever process they run in. */
  private ofConsumers(): void {
    const { store, views, consumers = [] } = this.options;
    const backlogs = consumers.map((name) => [name, shared(() => store.backlog(name))] as const);
    const lags = Object.fromEntries(
      backlogs.map(([name, read]) => [name, async () => (await read())?.waiting]),
    );
    const unfinished = Object.fromEntries(
      backlogs.map(([name, read]) => [name, async () => (await read())?.unfinished]),
    );
    this.gauges.addLabelled(
      'raworc_consumer_lag_events',
      'Events on the log that a consumer was not given yet.',
      'consumer',
      () => ({ views: () => views.runner.lag(), ...lags }),
    );
    this.gauges.addLabelled(
      'raworc_consumer_unfinished_events',
      'Events that a consumer was given and has not finished.',
      'consumer',
      () => unfinished,
    );
    this.gauges.add('raworc_view_sequence', 'Position of the last event in the views.', () =>
      views.runner.position(),
    );
  }

  private ofProcess(): void {
    const { gauges, repository } = this;
    const { queues } = this.options;
    gauges.add('raworc_event_streams', 'Clients that listen to events.', () => this.streams.openCount);
    gauges.add('raworc_desktop_viewers', 'Browsers that see a desktop.', () => this.desktops.viewerCount);
    gauges.addLabelled(
      'raworc_queue_length',
      'Work that is done or waits in a queue of this process.',
      'queue',
      () => ({ commands: () => repository.waitingCommands, ...queues }),
    );
    gauges.add(
      'raworc_session_cache_bytes',
      'Estimated memory of the states of sessions that commands are decided on.',
      () => repository.cachedBytes,
    );
  }

  private ofSessions(): void {
    const { views } = this.options;
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
}
