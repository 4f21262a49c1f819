import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ReleaseControl, TakeControl, type CommandContext } from '#commands';
import { DEFAULT_TIMING, type ServerOptions, type Timing } from '../options.js';
import { SERVER_OPTIONS } from '../ports.js';
import { Closing } from '../reading/closing.js';

export interface HoldOptions {
  sessionId: string;
  leaseId: string;
  context: CommandContext;
  /** Told when the control could not be prolonged. */
  onLost: (error: unknown) => void;
}

interface Held {
  options: HoldOptions;
  /** Prolongs while the connection lives, then waits for it to come back. */
  timer: NodeJS.Timeout;
}

/** The control that connections to this server hold: prolonged while they live, given back soon after they end. */
@Injectable()
export class Controls implements OnModuleDestroy {
  private readonly timing: Timing;
  /** By lease. */
  private readonly held = new Map<string, Held>();

  constructor(
    @Inject(SERVER_OPTIONS) private readonly options: ServerOptions,
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(Closing) private readonly closing: Closing,
  ) {
    this.timing = { ...DEFAULT_TIMING, ...options.timing };
  }

  /**
   * Takes control for a connection, or takes it up again with the same lease.
   * @throws DomainError `control_taken`, `desktop_missing`, `illegal_transition`
   */
  async hold(options: HoldOptions): Promise<void> {
    await this.take(options);
    this.forget(options.leaseId);
    if (this.closing.signal.aborted) return this.release(options);
    const timer = setInterval(() => void this.prolong(options), this.timing.controlLease / 2);
    this.held.set(options.leaseId, { options, timer });
  }

  /** The connection ended: another one may take up the lease for a moment, then it is given back. */
  letGo(options: HoldOptions): void {
    const held = this.held.get(options.leaseId);
    if (held?.options !== options) return;
    clearInterval(held.timer);
    held.timer = setTimeout(() => void this.release(options), this.timing.controlGrace);
  }

  /** The lease is over; nothing is left to do. */
  forget(leaseId: string): void {
    clearInterval(this.held.get(leaseId)?.timer);
    this.held.delete(leaseId);
  }

  /** Host need not wait until the leases run out. */
  async onModuleDestroy(): Promise<void> {
    await Promise.all([...this.held.values()].map(({ options }) => this.release(options)));
  }

  private async take({ sessionId, leaseId, context }: HoldOptions): Promise<void> {
    const seconds = this.timing.controlLease / 1000;
    await this.commands.execute(new TakeControl(sessionId, { leaseId, seconds }, context));
  }

  private async prolong(options: HoldOptions): Promise<void> {
    try {
      await this.take(options);
      // Given back meanwhile.
      if (!this.held.has(options.leaseId)) await this.release(options);
    } catch (error) {
      if (this.held.get(options.leaseId)?.options !== options) return;
      this.forget(options.leaseId);
      options.onLost(error);
    }
  }

  private async release({ sessionId, leaseId, context }: HoldOptions): Promise<void> {
    this.forget(leaseId);
    const release = new ReleaseControl(sessionId, { leaseId, reason: 'disconnected' }, context);
    await this.commands.execute(release).catch((error: unknown) => {
      this.options.log.warn({ err: error, session: sessionId }, 'control was not given back; it runs out');
    });
  }
}
