import { Module, type DynamicModule } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { TerminusModule } from '@nestjs/terminus';
import { AdminController } from './admin/admin.controller.js';
import { AttachmentsController } from './attachments/attachments.controller.js';
import { ControlController } from './desktop/control.controller.js';
import { Controls } from './desktop/controls.js';
import { DesktopStatusController } from './desktop/desktop-status.controller.js';
import { DesktopStreams } from './desktop/desktop-streams.js';
import { DesktopController } from './desktop/desktop.controller.js';
import { ScreenshotController } from './desktop/screenshot.controller.js';
import { EventStreams } from './events/event-streams.js';
import { EventsController } from './events/events.controller.js';
import { HealthController } from './health/health.controller.js';
import { PublicAddress } from './http/public-address.js';
import { MessageReader } from './messages/message-reader.js';
import { MessagesController } from './messages/messages.controller.js';
import { Metrics } from './metrics/metrics.js';
import { MetricsController } from './metrics/metrics.controller.js';
import type { ServerOptions } from './options.js';
import { SERVER_OPTIONS, VIEWS } from './ports.js';
import { Closing } from './reading/closing.js';
import { OwnWrites } from './reading/own-writes.js';
import { SessionIdPipe } from './reading/session-id.pipe.js';
import { SessionReader } from './reading/session-reader.js';
import { Watch } from './reading/watch.js';
import { RemixController } from './sessions/remix.controller.js';
import { SessionListController } from './sessions/session-list.controller.js';
import { SessionVerbsController } from './sessions/session-verbs.controller.js';
import { SessionsController } from './sessions/sessions.controller.js';
import { VersionController } from './version/version.controller.js';

/** REST and event streams over the commands and views that the composition gives. */
@Module({})
export class ServerModule {
  static register(options: ServerOptions): DynamicModule {
    return {
      module: ServerModule,
      imports: [
        options.commands,
        ...(options.extraModules ?? []),
        DiscoveryModule,
        TerminusModule.forRoot({ logger: false }),
      ],
      controllers: [
        SessionListController,
        SessionsController,
        SessionVerbsController,
        RemixController,
        MessagesController,
        EventsController,
        ScreenshotController,
        AttachmentsController,
        DesktopController,
        DesktopStatusController,
        ControlController,
        AdminController,
        HealthController,
        MetricsController,
        VersionController,
      ],
      providers: [
        { provide: SERVER_OPTIONS, useValue: options },
        { provide: VIEWS, useValue: options.views },
        { provide: PublicAddress, useValue: new PublicAddress(options.publicUrl) },
        Closing,
        OwnWrites,
        Watch,
        SessionReader,
        MessageReader,
        EventStreams,
        SessionIdPipe,
        Controls,
        DesktopStreams,
        Metrics,
      ],
    };
  }
}
