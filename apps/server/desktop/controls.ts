import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ReleaseControl, TakeControl, type CommandContext } from '#commands';
import { DEFAULT_TIMING, type ServerOptions, type Timing } from '../options.js';
import { SERVER_OPTIONS } from '../ports.js';
import { Closing } from '../reading/closing.js';

/** Whoever takes control names it, so the same name may come up in another session. */
export interface Lease {
  sessionId: string;
  leaseId: string;
}

export interface HoldOptions extends Lease {
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
  /** By session and lease. */
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
    this.forget(options);
    if (this.closing.signal.aborted) return this.release(options);
    const timer = setInterval(() => void this.prolong(options), this.timing.controlLease / 2);
    this.held.set(keyOf(options), { options, timer });
  }

  /** A connection has the control, or had it a moment ago. */
  holds(lease: Lease): boolean {
    return this.held.has(keyOf(lease));
  }

  /** The connection ended: another one may take up the lease for a moment, then it is given back. */
  letGo(options: HoldOptions): void {
    const held = this.held.get(keyOf(options));
    if (held?.options !== options) return;
    clearInterval(held.timer);
    held.timer = setTimeout(() => void this.release(options), this.timing.controlGrace);
  }

  /** The lease is over; nothing is left to do. */
  forget(lease: Lease): void {
    const key = keyOf(lease);
    clearInterval(this.held.get(key)?.timer);
    this.held.delete(key);
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
      if (!this.held.has(keyOf(options))) await this.release(options);
    } catch (error) {
      if (this.held.get(keyOf(options))?.options !== options) return;
      this.forget(options);
      options.onLost(error);
    }
  }

  private async release({ sessionId, leaseId, context }: HoldOptions): Promise<void> {
    this.forget({ sessionId, leaseId });
    const release = new ReleaseControl(sessionId, { leaseId, reason: 'disconnected' }, context);
    await this.commands.execute(release).catch((error: unknown) => {
      this.options.log.warn({ err: error, session: sessionId }, 'control was not given back; it runs out');
    });
  }
}

function keyOf({ sessionId, leaseId }: Lease): string {
  return `${sessionId} ${leaseId}`;
}
