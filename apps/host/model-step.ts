import type { Ids } from '#commands';
import type { StreamedDelta } from '#contracts';
import type { EventData } from '#domain';
import type { Logger } from '#runtime';
import { requestOf } from './conversation.js';
import { askModel } from './model.js';
import type { HostSettings } from './options.js';
import type { Pictures } from './pictures.js';
import { digestOf } from './request-digest.js';
import type { RequestMemory } from './request-memory.js';
import { requireSendable } from './request-size.js';
import type { SessionSecrets } from './session-secrets.js';
import { TurnOver, type TurnJournal } from './turn-journal.js';

/** Stands for the stop reason of a reply that has none, because it was cut off. */
const INTERRUPTED = 'interrupted';

export interface ModelPorts {
  settings: HostSettings;
  pictures: Pictures;
  requestMemory: RequestMemory;
  secrets: SessionSecrets;
  ids: Ids;
  logger: Logger;
}

/** Asks the model for the next step of a turn, shows the reply as it comes, and puts it on the log. */
export class ModelStep {
  constructor(
    private readonly journal: TurnJournal,
    private readonly ports: ModelPorts,
    private readonly signal: AbortSignal,
  ) {}

  /** @throws ModelError when there is no reply; TurnOver when the turn was ended meanwhile */
  async ask(): Promise<void> {
    const { journal, ports, signal } = this;
    const request = requestOf(journal.events, journal.turnId);
    const bytes = requireSendable(request);
    const apiKey = await ports.secrets.modelKey();
    const mask = await ports.secrets.mask();
    let shown = mask.stream();
    const startedAt = performance.now();
    let messageId = '';
    const response = await ports.requestMemory.hold(bytes, signal, async () =>
      askModel(
        await ports.pictures.show(request, journal.sessionId),
        {
          apiKey,
          signal,
          onAttempt: () => {
            messageId = ports.ids.uuid();
            shown = mask.stream();
          },
          onText: (text) => this.stream(messageId, shown.push(text)),
          onRetry: ({ message }, delayMs) => ports.logger.warn({ delayMs }, `asking again: ${message}`),
        },
        ports.settings.model,
      ),
    );
    this.stream(messageId, shown.end());
    const { model, content, stopReason, usage } = response;
    await this.keep({
      message_id: messageId,
      model,
      content,
      stop_reason: stopReason ?? INTERRUPTED,
      usage,
      request_digest: digestOf(request),
      took_ms: since(startedAt),
    });
  }

  /** What the model said was seen as it came, so it also stays when the turn was ended meanwhile. */
  private async keep(response: Omit<EventData['model.responded'], 'turn_id'>): Promise<void> {
    try {
      if (response.stop_reason === INTERRUPTED) this.signal.throwIfAborted();
      await this.journal.recordResponse(response);
    } catch (over) {
      if (!(over instanceof TurnOver)) throw over;
      await this.journal.recordLateResponse(response);
      throw over;
    }
  }

  private stream(messageId: string, text: string): void {
    if (text === '') return;
    const { sessionId, turnId, lastSequence } = this.journal;
    const delta: StreamedDelta = {
      session_id: sessionId,
      turn_id: turnId,
      message_id: messageId,
      after: lastSequence,
      text,
    };
    this.ports.settings.signals.publish(`deltas.${sessionId}`, delta);
  }
}

function since(startedAt: number): number {
  return Math.round(performance.now() - startedAt);
}
