import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiError, type CreateSession as CreateSessionRequest } from '#contracts';
import { initialState, type SessionCommand, type SessionCreated } from '#domain';
import type { CommandContext, CommandOutcome } from '../context.js';
import { decideAll } from '../decide-all.js';
import { composePrompt, hostTools } from '../host-profile.js';
import { Idempotency } from '../idempotency.js';
import { IDS, SESSION_DEFAULTS, type Ids, type SessionDefaults } from '../ports.js';
import { requireWithinMaxima } from '../limit-maxima.js';
import { SessionFounder, type Foundation } from '../session-founder.js';
import { userMessage } from '../user-message.js';
import { CreateSession } from './command.js';
import { requireImage } from './require-image.js';

@CommandHandler(CreateSession)
export class CreateSessionHandler implements ICommandHandler<CreateSession, CommandOutcome> {
  constructor(
    @Inject(SessionFounder) private readonly founder: SessionFounder,
    @Inject(Idempotency) private readonly idempotency: Idempotency,
    @Inject(IDS) private readonly ids: Ids,
    @Inject(SESSION_DEFAULTS) private readonly defaults: SessionDefaults,
  ) {}

  execute({ payload, context }: CreateSession): Promise<CommandOutcome> {
    return this.idempotency.once(this.ids.uuid(), context, (id) => this.create(id, payload, context));
  }

  private create(
    sessionId: string,
    request: CreateSessionRequest,
    context: CommandContext,
  ): Promise<CommandOutcome> {
    const wanted = { name: request.name, secrets: request.secrets ?? {} };
    return this.founder.found(sessionId, wanted, context, (foundation) => {
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
    const computer = this.computer(request);
    return {
      name,
      model: request.model ?? this.defaults.model,
      system_prompt: composePrompt({ instructions, ...computer }),
      tools: hostTools(computer),
      instructions,
      setup: request.setup ?? null,
      limits: request.limits ?? {},
      ...computer,
      metadata: request.metadata ?? {},
      timeout_seconds: request.timeout_seconds ?? this.defaults.timeoutSeconds,
      created_by: context.actor,
      secrets,
      source: null,
    };
  }

  /** @throws ApiError `computer_ability_missing`, `validation_failed` */
  private computer(request: CreateSessionRequest) {
    const { image, desktop: wanted, root = false, network = 'egress', runtime } = request;
    const { defaults } = this;
    requireAbilities(request, defaults);
    requireImage(image, defaults.images);
    requireWithinMaxima(request.limits, defaults.maxima);
    const desktop = wanted ?? (image === undefined && defaults.desktop);
    if (desktop && defaults.desktopImage === null) throw missing('a desktop');
    if (root && !defaults.root) throw missing('root');
    return {
      image: image ?? (desktop ? defaults.desktopImage : defaults.image),
      desktop,
      root,
      network,
      ...(runtime !== undefined && { runtime }),
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

/** What was asked for and would silently not be so. */
function requireAbilities(
  { limits = {}, network, runtime }: CreateSessionRequest,
  defaults: SessionDefaults,
): void {
  const asked = { memory: limits.memory_mb, cpus: limits.cpus, pids: limits.pids };
  for (const name of ['memory', 'cpus', 'pids'] as const)
    if (asked[name] !== undefined && !defaults.limits.includes(name)) throw missing(`a limit of ${name}`);
  if (network !== undefined && !defaults.networks.includes(network))
    throw missing(network === 'none' ? 'a network that reaches nothing' : 'a network');
  if (runtime !== undefined && !defaults.runtimes) throw missing('a runtime');
}

function missing(ability: string): ApiError {
  return new ApiError(
    'computer_ability_missing',
    `The computers of this service have no ${ability.replace('a ', '')}: it runs sessions without containers. Start it with RAWORC_COMPUTERS=docker, or create the session without ${ability}.`,
  );
}
