import { setTimeout as delay } from 'node:timers/promises';
import type { Ids, Vault } from '#commands';
import { ApiError, type StreamedDelta } from '#contracts';
import type { ToolUseBlock, TurnFailure } from '#domain';
import { ConcurrencyError, LogError } from '#event-store';
import type { Logger } from '#runtime';
import { requestOf } from './conversation.js';
import { askModel } from './model.js';
import { findModelKey } from './model-key.js';
import { ModelError } from './model-failure.js';
import { nextStep } from './next-step.js';
import type { HostSettings } from './options.js';
import { digestOf } from './request-digest.js';
import type { ToolAnswer, ToolBox } from './tools/tool.js';
import { createToolBox, isComputerMissing } from './tools/toolbox.js';
import { TurnOver, type TurnJournal } from './turn-journal.js';
import { reportTurn } from './turn-report.js';

export interface TurnPorts {
  settings: HostSettings;
  vault: Vault;
  ids: Ids;
  logger: Logger;
}

const COMPUTER_POLL_MS = 250;
const UNKNOWN_OUTCOME =
  'The service stopped while this tool ran, so its outcome is unknown: it may have done all, a part or nothing of its ' +
  'work. The shell is a new one. Check what is there before you go on, and do not just repeat it.';

/** Works on one turn, from wherever its events say it is, until it has ended or somebody else ended it. */
export class Turn {
  private readonly tools: ToolBox;
  private key: string | undefined;

  constructor(
    private readonly journal: TurnJournal,
    private readonly ports: TurnPorts,
    /** Aborts when the turn was ended from outside, or this process stops. */
    private readonly signal: AbortSignal,
  ) {
    this.tools = createToolBox(pinnedTools(journal), ports.settings.bash);
  }

  /** @throws LogError, ApiError, ConcurrencyError when a step could not be kept; the turn still runs then. */
  async run(): Promise<void> {
    try {
      await this.takeSteps();
    } catch (error) {
      await this.stopAfter(error);
    }
  }

  private async takeSteps(): Promise<void> {
    const { events, turnId } = this.journal;
    for (;;) {
      this.signal.throwIfAborted();
      const step = nextStep(events, turnId, this.ports.settings.maxRequests);
      switch (step.do) {
        case 'ask':
          await this.ask();
          break;
        case 'run-tool':
          await this.runTool(step.use);
          break;
        case 'give-up-tool':
          await this.giveUpTool(step.use);
          break;
        case 'complete':
          await this.leaveReport('completed');
          return this.journal.complete(step.stopReason);
        case 'fail':
          return this.fail(step.reason, step.message);
        case 'nothing':
          return;
      }
    }
  }

  private async ask(): Promise<void> {
    const { journal, ports, signal } = this;
    const request = requestOf(journal.events, journal.turnId);
    const apiKey = (this.key ??= await findModelKey(journal.events, ports.vault, ports.settings.apiKey));
    const startedAt = performance.now();
    let messageId = '';
    const response = await askModel(
      request,
      {
        apiKey,
        signal,
        onAttempt: () => (messageId = ports.ids.uuid()),
        onText: (text) => this.stream(messageId, text),
        onRetry: ({ message }, delayMs) => ports.logger.warn({ delayMs }, `asking again: ${message}`),
      },
      ports.settings.model,
    );
    await journal.recordResponse({
      message_id: messageId,
      model: response.model,
      content: response.content,
      stop_reason: response.stopReason,
      usage: response.usage,
      request_digest: digestOf(request),
      took_ms: since(startedAt),
    });
  }

  private stream(messageId: string, text: string): void {
    const { sessionId, turnId } = this.journal;
    const delta: StreamedDelta = { session_id: sessionId, turn_id: turnId, message_id: messageId, text };
    this.ports.settings.signals.publish(`deltas.${sessionId}`, delta);
  }

  private async runTool(use: ToolUseBlock): Promise<void> {
    await this.journal.startTool({ use_id: use.id, name: use.name, input: use.input });
    const startedAt = performance.now();
    const { content, isError, outcome } = await this.useTool(use);
    this.signal.throwIfAborted();
    const took_ms = since(startedAt);
    this.ports.logger.info({ tool: use.name, outcome, took_ms }, 'tool used');
    await this.journal.completeTool({ use_id: use.id, content, is_error: isError, outcome, took_ms });
  }

  /** After a restart of the service its computers run again a moment later; nothing was done until then. */
  private async useTool(use: ToolUseBlock): Promise<ToolAnswer> {
    const { computers, computerWaitMs } = this.ports.settings;
    const deadline = performance.now() + computerWaitMs;
    for (;;) {
      try {
        return await this.tools(use, { sessionId: this.journal.sessionId, computers, signal: this.signal });
      } catch (error) {
        if (!isComputerMissing(error) || performance.now() >= deadline) throw error;
        await delay(COMPUTER_POLL_MS, undefined, { signal: this.signal });
      }
    }
  }

  private giveUpTool(use: ToolUseBlock): Promise<void> {
    this.ports.logger.warn({ tool: use.name }, 'a tool was cut off; its outcome is unknown');
    return this.journal.completeTool({
      use_id: use.id,
      content: UNKNOWN_OUTCOME,
      is_error: true,
      outcome: 'unknown',
      took_ms: 0,
    });
  }

  private async stopAfter(error: unknown): Promise<void> {
    if (this.signal.aborted || error instanceof TurnOver) return;
    if (isForLater(error)) throw error;
    try {
      await this.failAfter(error);
    } catch (refused) {
      if (!(refused instanceof TurnOver)) throw refused;
    }
  }

  private failAfter(error: unknown): Promise<void> {
    if (error instanceof ModelError) return this.fail(error.reason, error.message);
    if (isComputerMissing(error)) {
      return this.fail('computer_unavailable', `The computer of this session does not run: ${error.message}`);
    }
    this.ports.logger.error({ err: error }, 'the turn failed for a reason that is a defect of Raworc');
    const message = 'Something went wrong inside Raworc; its log says what. Post a message to try again.';
    return this.fail('internal', message);
  }

  private async fail(reason: TurnFailure, message: string): Promise<void> {
    this.ports.logger.warn({ reason }, message);
    if (reason !== 'computer_unavailable') await this.leaveReport(`failed: ${reason}`);
    await this.journal.fail(reason, message);
  }

  /** For people who look into the computer; a turn does not fail for it. */
  private async leaveReport(ending: string): Promise<void> {
    const { events, turnId, sessionId } = this.journal;
    const report = reportTurn(events, turnId, ending);
    try {
      await this.ports.settings.computers.writeFile(sessionId, report.path, report.text);
    } catch (error) {
      this.ports.logger.warn({ err: error }, `${report.path} could not be written into the computer`);
    }
  }
}

/** The log or another writer stood in the way; the work is taken up again from the log. */
function isForLater(error: unknown): boolean {
  if (error instanceof LogError) return error.code !== 'event_too_large';
  return error instanceof ConcurrencyError || error instanceof ApiError;
}

function pinnedTools({ events }: TurnJournal): Record<string, unknown>[] {
  const created = events.find(({ type }) => type === 'session.created');
  return created?.type === 'session.created' ? created.data.tools : [];
}

function since(startedAt: number): number {
  return Math.round(performance.now() - startedAt);
}
