import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { CreateSession as CreateSessionRequest } from '#contracts';
import { initialState, type SessionCommand, type SessionCreated } from '#domain';
import type { CommandContext, CommandOutcome } from '../context.js';
import { decideAll } from '../decide-all.js';
import { composePrompt, HOST_PROFILE } from '../host-profile.js';
import { Idempotency } from '../idempotency.js';
import { IDS, SESSION_DEFAULTS, VAULT, type Ids, type SessionDefaults, type Vault } from '../ports.js';
import { requireModelKey } from '../require-model-key.js';
import { SessionNames } from '../session-names.js';
import { SessionRepository } from '../session-repository.js';
import { CreateSession } from './command.js';

@CommandHandler(CreateSession)
export class CreateSessionHandler implements ICommandHandler<CreateSession, CommandOutcome> {
  constructor(
    @Inject(SessionRepository) private readonly sessions: SessionRepository,
    @Inject(SessionNames) private readonly names: SessionNames,
    @Inject(Idempotency) private readonly idempotency: Idempotency,
    @Inject(VAULT) private readonly vault: Vault,
    @Inject(IDS) private readonly ids: Ids,
    @Inject(SESSION_DEFAULTS) private readonly defaults: SessionDefaults,
  ) {}

  execute({ payload, context }: CreateSession): Promise<CommandOutcome> {
    return this.idempotency.once(context, () => this.create(payload, context));
  }

  private async create(request: CreateSessionRequest, context: CommandContext): Promise<CommandOutcome> {
    const secrets = request.secrets ?? {};
    requireModelKey(secrets, this.defaults);
    const sessionId = this.ids.uuid();
    const name = await this.names.claim(sessionId, request.name);
    try {
      const sealed = Object.keys(secrets).length === 0 ? {} : await this.vault.seal(sessionId, secrets);
      const commands = this.commands(request, this.settings(request, name, sealed, context));
      const decided = decideAll(initialState, commands).map((event) => ({ event }));
      return await this.sessions.begin(sessionId, decided, context);
    } catch (error) {
      await this.names.release(sessionId, name).catch(() => undefined);
      throw error;
    }
  }

  private settings(
    request: CreateSessionRequest,
    name: string,
    secrets: Record<string, string>,
    context: CommandContext,
  ): SessionCreated {
    const instructions = request.instructions ?? null;
    return {
      name,
      model: request.model ?? this.defaults.model,
      system_prompt: composePrompt(instructions),
      tools: HOST_PROFILE.tools,
      instructions,
      setup: request.setup ?? null,
      limits: request.limits ?? {},
      image: request.image ?? this.defaults.image,
      metadata: request.metadata ?? {},
      timeout_seconds: request.timeout_seconds ?? this.defaults.timeoutSeconds,
      created_by: context.actor,
      secrets,
      source: null,
    };
  }

  private commands({ prompt }: CreateSessionRequest, data: SessionCreated): SessionCommand[] {
    if (prompt === undefined) return [{ type: 'create', data }];
    const message = { message_id: this.ids.uuid(), role: 'user' as const, content: prompt, metadata: {} };
    return [
      { type: 'create', data },
      { type: 'post-message', data: message },
    ];
  }
}
