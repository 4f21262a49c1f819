import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import type { Attachments, CommandClaims, EventStore, NameRegistry } from '#event-store';
import { Erasures } from './erasures.js';
import { HANDLERS } from './handlers.js';
import { Idempotency } from './idempotency.js';
import {
  ATTACHMENTS,
  COMMAND_CLAIMS,
  COMPUTER_NODE,
  COMPUTER_SHORTAGE,
  EVENT_STORE,
  IDS,
  NAMES,
  SESSION_CAPS,
  SESSION_DEFAULTS,
  VAULT,
  type ComputerShortage,
  type Ids,
  type SessionCaps,
  type SessionDefaults,
  type Vault,
} from './ports.js';
import { SessionFounder } from './session-founder.js';
import { SessionNames } from './session-names.js';
import { SessionQuota } from './session-quota.js';
import { SessionRepository } from './session-repository.js';

export interface CommandsOptions {
  store: EventStore;
  names: NameRegistry;
  attachments: Attachments;
  vault: Vault;
  ids: Ids;
  claims: CommandClaims;
  defaults: SessionDefaults;
  caps?: SessionCaps;
  /** The node of this service's computers. */
  node?: string;
  shortage?: ComputerShortage;
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
      { provide: COMMAND_CLAIMS, useValue: options.claims },
      { provide: SESSION_DEFAULTS, useValue: options.defaults },
      { provide: SESSION_CAPS, useValue: options.caps },
      { provide: COMPUTER_NODE, useValue: options.node },
      { provide: COMPUTER_SHORTAGE, useValue: options.shortage },
    ];
    return {
      module: CommandsModule,
      global: true,
      imports: [CqrsModule.forRoot()],
      providers: [
        ...ports,
        SessionQuota,
        SessionRepository,
        SessionNames,
        SessionFounder,
        Idempotency,
        Erasures,
        ...HANDLERS,
      ],
      exports: [...ports, SessionRepository, Erasures, CqrsModule],
    };
  }
}
