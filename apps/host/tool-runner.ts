import { ComputerError } from '#computers';
import type { ContentBlock, ToolUseBlock } from '#domain';
import type { Attachments, EventStore } from '#event-store';
import { SecretMask, type Logger } from '#runtime';
import { ComputerPresence, type Interruption } from './computer-presence.js';
import type { DiskGuard } from './disk-guard.js';
import { DesktopControl } from './desktop-control.js';
import type { HostSettings } from './options.js';
import { countsOnOldScreen } from './screen-view.js';
import { takePicture } from './tools/computer/picture.js';
import type { SessionSecrets } from './session-secrets.js';
import type { Settling } from './tools/computer/settling.js';
import { mayOnlyAdd } from './tools/may-only-add.js';
import { mistake, type ToolAnswer, type ToolBox, type ToolContext } from './tools/tool.js';
import { createToolBox, isComputerMissing } from './tools/toolbox.js';
import type { TurnJournal } from './turn-journal.js';
import {
  CUT_OFF,
  OLD_SCREEN_NOT_SHOWN,
  OLD_SCREEN_SHOWN,
  PAUSED_MEANWHILE,
  SKIPPED,
  STOPPED_MEANWHILE,
} from './tool-sentences.js';

export interface ToolPorts {
  settings: HostSettings;
  store: EventStore;
  attachments: Attachments;
  settling: Settling;
  secrets: SessionSecrets;
  /** Undefined where a session may use the disk as it likes. */
  disk: DiskGuard | undefined;
  now: () => Date;
  logger: Logger;
}

/** Carries out a turn's tool uses, each of them once at most, and puts what came of it on the log. */
export class ToolRunner {
  private readonly tools: ToolBox;
  private readonly control: DesktopControl;
  private readonly presence: ComputerPresence;
  private readonly context: ToolContext;
  private mask = new SecretMask({});

  constructor(
    private readonly journal: TurnJournal,
    private readonly ports: ToolPorts,
    private readonly signal: AbortSignal,
  ) {
    const { settings, attachments, settling } = ports;
    const { bash, screen, computers } = settings;
    this.tools = createToolBox(pinnedTools(journal), { bash, screen, settling });
    this.control = new DesktopControl(journal, ports.store, ports.now);
    this.presence = new ComputerPresence(journal, computers, settings.computerWaitMs, signal);
    const hide = (text: string) => this.mask.apply(text);
    this.context = { sessionId: journal.sessionId, computers, attachments, hide, signal };
  }

  /** Waits while a person uses the desktop, also for one who took it in the same moment. */
  async run(use: ToolUseBlock): Promise<void> {
    // Before the tool is begun: one whose secrets cannot be known must not print them.
    this.mask = await this.ports.secrets.mask();
    await this.control.free(this.signal);
    await this.journal.startTool({ use_id: use.id, name: use.name, input: use.input });
    await this.control.free(this.signal);
    const startedAt = performance.now();
    const answer = await this.whileWanted(this.answerTo(use));
    this.signal.throwIfAborted();
    const took_ms = Math.round(performance.now() - startedAt);
    this.ports.logger.info({ tool: use.name, outcome: answer.outcome, took_ms }, 'tool used');
    await this.complete(use, answer, took_ms);
  }

  /** For a tool that was running when the service stopped. */
  giveUp(use: ToolUseBlock): Promise<void> {
    this.ports.logger.warn({ tool: use.name }, 'a tool was cut off; its outcome is unknown');
    return this.complete(use, { content: CUT_OFF, isError: true, outcome: 'unknown' });
  }

  skip(use: ToolUseBlock): Promise<void> {
    return this.complete(use, { content: SKIPPED, isError: true, outcome: 'not_executed' });
  }

  private complete(use: ToolUseBlock, { content, isError, outcome }: ToolAnswer, took_ms = 0): Promise<void> {
    const shown = masked(content, this.context.hide);
    return this.journal.completeTool({ use_id: use.id, content: shown, is_error: isError, outcome, took_ms });
  }

  /** A computer that does not answer must not keep a stopped turn, and with it all that the session is to do next. */
  private async whileWanted(work: Promise<ToolAnswer>): Promise<ToolAnswer> {
    const { promise: left, reject } = Promise.withResolvers<never>();
    let timer: NodeJS.Timeout | undefined;
    const leave = (): void => {
      timer = setTimeout(() => reject(this.signal.reason), this.ports.settings.toolEndMs);
    };
    if (this.signal.aborted) leave();
    else this.signal.addEventListener('abort', leave, { once: true });
    try {
      return await Promise.race([work, left]);
    } finally {
      clearTimeout(timer);
      this.signal.removeEventListener('abort', leave);
    }
  }

  private async answerTo(use: ToolUseBlock): Promise<ToolAnswer> {
    await this.presence.running();
    if (countsOnOldScreen(this.journal.events, use)) return this.showInstead();
    try {
      const answer = await this.useWithinDisk(use);
      if (!answer.isError) return answer;
      const interruption = await this.presence.interruptionDuring(use, answer.broken === true);
      return interruption === undefined ? answer : interruptedBy(interruption, answer);
    } catch (error) {
      if (!isComputerMissing(error)) throw error;
      const interruption = await this.presence.interruptionDuring(use, true);
      return interruptedBy(interruption ?? 'stopped', NOTHING);
    }
  }

  private async useWithinDisk(use: ToolUseBlock): Promise<ToolAnswer> {
    const { disk } = this.ports;
    if (disk === undefined) return this.tools(use, this.context);
    const refusal = mayOnlyAdd(use) ? await disk.refusal() : undefined;
    if (refusal !== undefined) return { ...mistake(refusal), outcome: 'not_executed' };
    const work = (signal: AbortSignal) => this.tools(use, { ...this.context, signal });
    const { result, stopped } = await disk.during(this.signal, work);
    if (stopped !== undefined) return this.stoppedForDisk(result, stopped);
    if (result === undefined) throw new Error('A tool ended without a result, and nothing had stopped it.');
    return result;
  }

  private async stoppedForDisk(result: ToolAnswer | undefined, stopped: string): Promise<ToolAnswer> {
    const news = this.ports.disk?.news();
    if (news !== undefined) await this.journal.tellDisrupted('disk_full', this.context.hide(news));
    const content = typeof result?.content === 'string' ? `${result.content}\n${stopped}` : stopped;
    return mistake(content);
  }

  private async showInstead(): Promise<ToolAnswer> {
    return { content: await this.newScreen(), isError: true, outcome: 'not_executed' };
  }

  private async newScreen(): Promise<ContentBlock[]> {
    try {
      const picture = await takePicture(this.context, this.ports.settling);
      return [{ type: 'text', text: OLD_SCREEN_SHOWN }, picture];
    } catch (error) {
      if (!(error instanceof ComputerError)) throw error;
      return [{ type: 'text', text: OLD_SCREEN_NOT_SHOWN }];
    }
  }
}

const NOTHING: ToolAnswer = { content: '', isError: true, outcome: 'unknown' };

/** A tool that only had to wait has still come to the end that it tells of. */
function interruptedBy(interruption: Interruption, answer: ToolAnswer): ToolAnswer {
  const said = typeof answer.content === 'string' ? [{ type: 'text', text: answer.content }] : answer.content;
  const isPaused = interruption === 'paused';
  const note = { type: 'text', text: isPaused ? PAUSED_MEANWHILE : STOPPED_MEANWHILE };
  const content = [...said.filter(({ text }) => text !== ''), note];
  return { content, isError: true, outcome: isPaused ? answer.outcome : 'unknown' };
}

function masked(content: ToolAnswer['content'], hide: (text: string) => string): ToolAnswer['content'] {
  if (typeof content === 'string') return hide(content);
  return content.map((block) =>
    typeof block.text === 'string' ? { ...block, text: hide(block.text) } : block,
  );
}

function pinnedTools({ events }: TurnJournal): Record<string, unknown>[] {
  const created = events.find(({ type }) => type === 'session.created');
  return created?.type === 'session.created' ? created.data.tools : [];
}
