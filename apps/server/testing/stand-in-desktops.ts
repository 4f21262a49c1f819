import { duplexPair, type Duplex } from 'node:stream';
import { SCREEN, type ComputerError, type Screenshot } from '#computers';
import type { DesktopComputers } from '../desktop/ports.js';

/** A connection to a screen, seen from the computer. */
export interface ScreenConnection {
  sessionId: string;
  control: boolean;
  /** What is written here the viewer sees; what the viewer sends is read here. */
  screen: Duplex;
}

/** Screens in memory: every session has one, and each shows a JPEG that is none. */
export class StandInDesktops implements DesktopComputers {
  readonly connections: ScreenConnection[] = [];
  /** Every verb fails with it from now on. */
  failure: ComputerError | undefined;
  private readonly waiting = new Set<() => void>();

  async screenshot(): Promise<Screenshot> {
    this.mayFail();
    return { mediaType: 'image/jpeg', bytes: Uint8Array.of(0xff, 0xd8, 0xff, 0xd9), ...SCREEN };
  }

  async connectDesktop(sessionId: string, { control }: { control: boolean }): Promise<Duplex> {
    this.mayFail();
    const [server, screen] = duplexPair();
    // As a connection: one side's end is the other's.
    server.once('close', () => screen.destroy());
    screen.once('close', () => server.destroy());
    this.connections.push({ sessionId, control, screen });
    screen.write('RFB 003.008\n');
    this.waiting.forEach((look) => look());
    return server;
  }

  /** The nth connection (from 0), once it is there. */
  async connection(index: number): Promise<ScreenConnection> {
    for (;;) {
      const found = this.connections[index];
      if (found !== undefined) return found;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.waiting.add(resolve);
      await promise;
      this.waiting.delete(resolve);
    }
  }

  private mayFail(): void {
    if (this.failure !== undefined) throw this.failure;
  }
}
