import type { Ids } from '#commands';
import { ApiError } from '#contracts';
import type { TurnFailure } from '#domain';
import { ConcurrencyError, LogError, type Attachments, type EventStore } from '#event-store';
import type { Logger } from '#runtime';
import type { DiskGuard } from './disk-guard.js';
import { ModelError } from './model-failure.js';
import { ModelStep } from './model-step.js';
import { nextStep } from './next-step.js';
import type { HostSettings } from './options.js';
import type { Pictures } from './pictures.js';
import type { RequestMemory } from './request-memory.js';
import { ToolRunner } from './tool-runner.js';
import type { SessionSecrets } from './session-secrets.js';
import type { Settling } from './tools/computer/settling.js';
import { isComputerMissing } from './tools/toolbox.js';
import { TurnOver, type TurnJournal } from './turn-journal.js';
import { TurnLog } from './turn-log.js';
import { endingOf } from './turn-report.js';

const STEPS_KEPT =
  'So the turn could not go on. What it did until then is kept; post a message to go on once there is room.';

export interface TurnPorts {
  settings: HostSettings;
  store: EventStore;
  attachments: Attachments;
  pictures: Pictures;
  requestMemory: RequestMemory;
  settling: Settling;
  disk: DiskGuard | undefined;
  secrets: SessionSecrets;
  ids: Ids;
  logger: Logger;
}

/** Works on one turn, from wherever its events say it is, until it has ended or somebody else ended it. */
export class Turn {
  private readonly model: ModelStep;
  private readonly tools: ToolRunner;
  private readonly log: TurnLog;

  constructor(
    private readonly journal: TurnJournal,
    private readonly ports: TurnPorts,
    /** Aborts when the turn was ended from outside, or this process stops. */
    private readonly signal: AbortSignal,
    /** Its beginning was cut off; it may be taken up again and again. */
    private readonly resumed = false,
  ) {
    this.model = new ModelStep(journal, ports, signal);
    this.tools = new ToolRunner(journal, { ...ports, now: () => ports.ids.now() }, signal);
    this.log = new TurnLog(journal, ports.settings.computers, ports.logger);
  }

  /** @throws LogError, ApiError, ConcurrencyError when a step could not be kept; the turn still runs then. */
  async run(): Promise<void> {
    try {
      await this.takeSteps();
    } catch (error) {
      await this.stopAfter(error);
    } finally {
      await this.log.settled();
    }
  }

  private async takeSteps(): Promise<void> {
    const { events, turnId } = this.journal;
    for (;;) {
      this.signal.throwIfAborted();
      this.log.update();
      const step = nextStep(events, turnId, this.ports.settings.maxRequests);
      switch (step.do) {
        case 'ask':
          // A reply that nobody can keep would be paid for each time.
          if (this.resumed) await this.ports.store.checkWritable();
          await this.model.ask();
          break;
        case 'run-tool':
          await this.tools.run(step.use);
          break;
        case 'give-up-tool':
          await this.tools.giveUp(step.use);
          break;
        case 'skip-tool':
          await this.tools.skip(step.use);
          break;
        case 'complete':
          await this.log.close('completed');
          return this.journal.complete(step.stopReason);
        case 'fail':
          return this.fail(step.reason, step.message);
        case 'nothing':
          return;
      }
    }
  }

  private async stopAfter(error: unknown): Promise<void> {
    if (error instanceof TurnOver) return this.logEnding();
    if (this.signal.aborted) return this.stopAborted(error);
    if (isForLater(error) && !isLogFull(error)) throw error;
    try {
      await this.failAfter(error);
    } catch (refused) {
      if (!(refused instanceof TurnOver)) throw refused;
      await this.logEnding();
    }
  }

  private async stopAborted(error: unknown): Promise<void> {
    if (isForLater(error))
      this.ports.logger.warn({ err: error }, 'the last step of a turn could not be kept');
    if (this.signal.reason instanceof TurnOver) await this.logEnding();
  }

  /** Somebody else ended the turn; only the log tells how. */
  private async logEnding(): Promise<void> {
    await this.journal.catchUp();
    const ending = endingOf(this.journal.events, this.journal.turnId);
    if (ending !== undefined) await this.log.close(ending);
  }

  private failAfter(error: unknown): Promise<void> {
    if (error instanceof ModelError) return this.fail(error.reason, error.message);
    if (isLogFull(error)) return this.fail('log_full', `${error.message} ${STEPS_KEPT}`);
    if (isComputerMissing(error)) {
      return this.fail('computer_unavailable', `The computer of this session does not run: ${error.message}`);
    }
    this.ports.logger.error({ err: error }, 'the turn failed for a reason that is a defect of Raworc');
    const message = 'Something went wrong inside Raworc; its log says what. Post a message to try again.';
    return this.fail('internal', message);
  }

  private async fail(reason: TurnFailure, message: string): Promise<void> {
    const shown = await this.withoutSecrets(message);
    this.ports.logger.warn({ reason }, shown);
    if (reason !== 'computer_unavailable') await this.log.close(`failed: ${reason}`);
    await this.journal.fail(reason, shown);
  }

  /** Where the secrets cannot be opened, the message says why, and the computer has none of them. */
  private async withoutSecrets(text: string): Promise<string> {
    try {
      return (await this.ports.secrets.mask()).apply(text);
    } catch {
      return text;
    }
  }
}

/** What ends a turn is still taken then; whatever else there is to do would only be refused again. */
function isLogFull(error: unknown): error is LogError {
  return error instanceof LogError && error.code === 'log_full';
}

/** The log or another writer stood in the way; the work is taken up again from the log. */
function isForLater(error: unknown): boolean {
  if (error instanceof LogError) return error.code !== 'event_too_large';
  return error instanceof ConcurrencyError || error instanceof ApiError;
}
