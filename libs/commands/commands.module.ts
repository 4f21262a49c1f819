import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import type { Attachments, EventStore, NameRegistry } from '#event-store';
import { HANDLERS } from './handlers.js';
import { Idempotency } from './idempotency.js';
import {
  ATTACHMENTS,
  COMPUTER_NODE,
  COMMAND_LOG,
  EVENT_STORE,
  IDS,
  NAMES,
  SESSION_DEFAULTS,
  VAULT,
  type CommandLog,
  type Ids,
  type SessionDefaults,
  type Vault,
} from './ports.js';
import { SessionFounder } from './session-founder.js';
import { SessionNames } from './session-names.js';
import { SessionRepository } from './session-repository.js';

export interface CommandsOptions {
  store: EventStore;
  names: NameRegistry;
  attachments: Attachments;
  vault: Vault;
  ids: Ids;
  commandLog: CommandLog;
  defaults: SessionDefaults;
  /** The node of this service's computers. */
  node?: string;
}

/** The write side: every command handler, on the ports that the composition gives. */
@Module({})
export class CommandsModule {
  static register(options: CommandsOptions): DynamicModule {
    const ports: Provider[] = [
      { provide: EVENT_STORE, useValue: options.store },
      { provide: NAMES, useValue: options.names },
      { provide: ATTACHMENTS, useValue: options.attachments },
      { provide: VAULT, useValue: options.vault },
      { provide: IDS, useValue: options.ids },
      { provide: COMMAND_LOG, useValue: options.commandLog },
      { provide: SESSION_DEFAULTS, useValue: options.defaults },
      { provide: COMPUTER_NODE, useValue: options.node },
    ];
    return {
      module: CommandsModule,
      global: true,
      imports: [CqrsModule.forRoot()],
      providers: [...ports, SessionRepository, SessionNames, SessionFounder, Idempotency, ...HANDLERS],
      exports: [...ports, SessionRepository, CqrsModule],
    };
  }
}
