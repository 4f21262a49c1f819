import { Module, type DynamicModule } from '@nestjs/common';
import { Host } from './host.js';
import { HOST_SETTINGS, LIVE_SESSIONS, settingsOf, type HostOptions } from './options.js';
import { Turns } from './turns.js';

/** Runs turns. Needs the commands module beside it. */
@Module({})
export class HostModule {
  static register(options: HostOptions): DynamicModule {
    return {
      module: HostModule,
      providers: [
        { provide: HOST_SETTINGS, useValue: settingsOf(options) },
        { provide: LIVE_SESSIONS, useValue: options.live },
        Turns,
        Host,
      ],
    };
  }
}
