import {
  Inject,
  Injectable,
  Module,
  type DynamicModule,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { Erasures, EVENT_STORE, SessionRepository, VAULT, type Vault } from '#commands';
import type { EventStore } from '#event-store';
import { Operator } from './operator.js';
import { OPERATOR_OPTIONS, type OperatorOptions } from './ports.js';

/** Ties the operator's life to the application's. */
@Injectable()
export class OperatorService implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly operator: Operator;

  constructor(
    @Inject(OPERATOR_OPTIONS) options: OperatorOptions,
    @Inject(CommandBus) bus: CommandBus,
    @Inject(EVENT_STORE) store: EventStore,
    @Inject(VAULT) vault: Vault,
    @Inject(SessionRepository) repository: SessionRepository,
    @Inject(Erasures) erasures: Erasures,
  ) {
    this.operator = new Operator({
      ...options,
      store,
      vault,
      repository,
      erasures,
      execute: (command) => bus.execute(command),
    });
  }

  onApplicationBootstrap(): void {
    this.operator.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.operator.stop();
  }
}

/** Needs the commands module in the same application. */
@Module({})
export class OperatorModule {
  static register(options: OperatorOptions): DynamicModule {
    return {
      module: OperatorModule,
      providers: [{ provide: OPERATOR_OPTIONS, useValue: options }, OperatorService],
    };
  }
}
