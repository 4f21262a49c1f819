import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { CreateSession as CreateSessionRequest } from '#contracts';
import { initialState, type SessionCommand, type SessionCreated } from '#domain';
import type { CommandContext, CommandOutcome } from '../context.js';
import { decideAll } from '../decide-all.js';
import { composePrompt, HOST_PROFILE } from '../host-profile.js';
import { Idempotency } from '../idempotency.js';
import { IDS, SESSION_DEFAULTS, type Ids, type SessionDefaults } from '../ports.js';
import { SessionFounder, type Foundation } from '../session-founder.js';
import { userMessage } from '../user-message.js';
import { CreateSession } from './command.js';

@CommandHandler(CreateSession)
export class CreateSessionHandler implements ICommandHandler<CreateSession, CommandOutcome> {
  constructor(
    @Inject(SessionFounder) private readonly founder: SessionFounder,
    @Inject(Idempotency) private readonly idempotency: Idempotency,
    @Inject(IDS) private readonly ids: Ids,
    @Inject(SESSION_DEFAULTS) private readonly defaults: SessionDefaults,
  ) {}

  execute({ payload, context }: CreateSession): Promise<CommandOutcome> {
    return this.idempotency.once(context, () => this.create(payload, context));
  }

  private create(request: CreateSessionRequest, context: CommandContext): Promise<CommandOutcome> {
    const wanted = { name: request.name, secrets: request.secrets ?? {} };
    return this.founder.found(wanted, context, (foundation) => {
      const commands = this.commands(request, this.settings(request, foundation, context));
      return decideAll(initialState, commands).map((event) => ({ event }));
    });
  }

  private settings(
    request: CreateSessionRequest,
    { name, secrets }: Foundation,
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
    return [
      { type: 'create', data },
      { type: 'post-message', data: userMessage(this.ids, prompt) },
    ];
  }
}
