import { Injectable, type OnModuleDestroy } from '@nestjs/common';

/** Tells everything that waits or streams that the server ends. */
@Injectable()
export class Closing implements OnModuleDestroy {
  private readonly controller = new AbortController();
  readonly signal = this.controller.signal;

  onModuleDestroy(): void {
    this.controller.abort();
  }
}
