import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { WebSocketServer, type WebSocket } from 'ws';
import { ApiError } from '#contracts';
import { createGate, type Gate } from '../http/authenticate.js';
import { ACTOR } from '../http/command-context.js';
import { refuseUpgrade } from '../http/refuse-upgrade.js';
import { DEFAULT_TIMING, type ServerOptions, type Timing } from '../options.js';
import { SERVER_OPTIONS } from '../ports.js';
import { problem, toProblem } from '../problems/to-problem.js';
import { Closing } from '../reading/closing.js';
import { SessionIdPipe } from '../reading/session-id.pipe.js';
import { SessionReader } from '../reading/session-reader.js';
import { Audience } from './audience.js';
import { closeReasonOf, CONTROL_GIVEN_BACK, SERVER_STOPS } from './close-reason.js';
import { Controls, type HoldOptions } from './controls.js';
import { requireDesktop } from './require-desktop.js';
import { parseStreamRequest } from './stream-request.js';
import { Viewer } from './viewer.js';

/** What one message of a client may hold: text that it pastes is the largest. */
const MOST_BYTES_A_MESSAGE = 1024 * 1024;

/** A connection that may come in. */
interface Admitted {
  sessionId: string;
  /** Set when it wants to use the desktop. */
  leaseId: string | undefined;
  resume: boolean;
}

/** The desktops that browsers see through this server: RFB over WebSocket. */
@Injectable()
export class DesktopStreams implements OnModuleDestroy {
  private readonly sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MOST_BYTES_A_MESSAGE,
    handleProtocols: (offered) => (offered.has('binary') ? 'binary' : false),
  });
  private readonly audiences = new Map<string, Audience>();
  private readonly gate: Gate;
  private readonly timing: Timing;

  constructor(
    @Inject(SERVER_OPTIONS) private readonly options: ServerOptions,
    @Inject(SessionReader) private readonly sessions: SessionReader,
    @Inject(SessionIdPipe) private readonly ids: SessionIdPipe,
    @Inject(Controls) private readonly controls: Controls,
    @Inject(Closing) private readonly closing: Closing,
  ) {
    this.gate = createGate(options);
    this.timing = { ...DEFAULT_TIMING, ...options.timing };
  }

  /** How many see a desktop now. */
  get viewerCount(): number {
    return [...this.audiences.values()].reduce((sum, { size }) => sum + size, 0);
  }

  listenOn(server: Server): void {
    server.on('upgrade', (request, socket, head) => this.accept(request, socket, head));
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all([...this.audiences.values()].map((audience) => audience.endAll(SERVER_STOPS)));
  }

  /** Who may not come in gets an HTTP reply; what is wrong with the desktop is told on the WebSocket. */
  private accept(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    try {
      const admitted = this.admit(request);
      this.sockets.handleUpgrade(request, socket, head, (opened) => void this.serve(opened, admitted));
    } catch (error) {
      const known = toProblem(error);
      if (known === undefined) this.options.log.error({ err: error }, 'a WebSocket could not be opened');
      refuseUpgrade(socket, known ?? problem('internal', 'This is a fault in Raworc; its log has more.'));
    }
  }

  /** @throws ApiError */
  private admit({ method = '', url = '', headers }: IncomingMessage): Admitted {
    const refusal = this.gate({ method, url, headers });
    if (refusal !== undefined) throw refusal;
    if (this.closing.signal.aborted) throw new ApiError('stopping', 'The service stops.');
    const { reference, control, leaseId = randomUUID(), resume } = parseStreamRequest(url);
    const { id: sessionId } = this.sessions.get(this.ids.transform(reference));
    return { sessionId, leaseId: control ? leaseId : undefined, resume };
  }

  private async serve(socket: WebSocket, { sessionId, leaseId, resume }: Admitted): Promise<void> {
    const viewer = new Viewer(socket, leaseId, this.timing.heartbeat);
    try {
      const audience = this.audienceOf(sessionId);
      audience.add(viewer);
      void viewer.closed.then(() => this.leave(audience, viewer));
      await audience.ready;
      requireDesktop(this.sessions.get(sessionId));
      const control = leaseId !== undefined;
      if (control && resume && !this.controls.holds({ sessionId, leaseId })) {
        return viewer.end(CONTROL_GIVEN_BACK);
      }
      if (control) await this.giveControl(viewer, sessionId, leaseId);
      viewer.join(await this.options.computers.connectDesktop(sessionId, { control }));
    } catch (error) {
      if (toProblem(error) === undefined) {
        this.options.log.error({ err: error, session: sessionId }, 'a desktop could not be shown');
      }
      viewer.end(closeReasonOf(error));
    }
  }

  private async giveControl(viewer: Viewer, sessionId: string, leaseId: string): Promise<void> {
    const onLost = (error: unknown): void => viewer.end(closeReasonOf(error));
    const options: HoldOptions = { sessionId, leaseId, context: { actor: ACTOR }, onLost };
    await this.controls.hold(options);
    void viewer.closed.then(() => this.controls.letGo(options));
  }

  private audienceOf(sessionId: string): Audience {
    const present = this.audiences.get(sessionId);
    if (present !== undefined) return present;
    const audience = new Audience(sessionId, this.options, (leaseId) =>
      this.controls.forget({ sessionId, leaseId }),
    );
    this.audiences.set(sessionId, audience);
    return audience;
  }

  private leave(audience: Audience, viewer: Viewer): void {
    audience.remove(viewer);
    if (audience.size === 0 && this.audiences.get(audience.sessionId) === audience) {
      this.audiences.delete(audience.sessionId);
    }
  }
}
