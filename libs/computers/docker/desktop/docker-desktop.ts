import type { Duplex } from 'node:stream';
import type Docker from 'dockerode';
import { z } from 'zod';
import { type InputAction, type Point, type Region, type Screenshot } from '../../desktop.js';
import { noDesktop } from '../../no-desktop.js';
import { checkAction, checkRegion, deadlineOf } from './check-action.js';
import { DesktopHelper } from './desktop-helper.js';
import type { HelperPlace } from '../processes/persistent-helper.js';
import { connectViewer } from './viewer.js';

/** Of an image with a desktop; a container has the labels of its image. */
const DESKTOP_LABEL = 'raworc.desktop';
/** The start of the desktop included. */
const LOOK_MS = 30_000;

const size = z.object({ width: z.number().int(), height: z.number().int() });
const position = z.object({ x: z.number().int(), y: z.number().int() });

export interface DesktopContext {
  sessionId: string;
  container: Docker.Container;
  env(): Record<string, string>;
  /** Fails when the computer does not run. */
  requireRunning(): Promise<{ container?: Docker.ContainerInspectInfo }>;
}

/** The desktop of one computer, as this process uses it. Nothing runs for it before the first verb. */
export class DockerDesktop {
  private readonly helper: DesktopHelper;
  private readonly viewers = new Set<Duplex>();

  constructor(private readonly context: DesktopContext) {
    this.helper = new DesktopHelper(() => this.place());
  }

  async screenshot(options: { region?: Region; signal?: AbortSignal } = {}): Promise<Screenshot> {
    const { region, signal } = options;
    if (region) checkRegion(region);
    const { header, body } = await this.helper.call(
      { verb: 'screenshot', region },
      { signal, timeoutMs: LOOK_MS },
    );
    return { mediaType: 'image/jpeg', bytes: body, ...size.parse(header) };
  }

  async pointer(): Promise<Point> {
    const { header } = await this.helper.call({ verb: 'pointer' }, { timeoutMs: LOOK_MS });
    const { x, y } = position.parse(header);
    return [x, y];
  }

  async input(action: InputAction, { signal }: { signal?: AbortSignal } = {}): Promise<void> {
    checkAction(action);
    await this.helper.call({ verb: 'input', action }, { signal, timeoutMs: deadlineOf(action) });
  }

  async connect(options: { control: boolean }): Promise<Duplex> {
    await this.pointer();
    const viewer = await connectViewer(this.context.container, options);
    this.viewers.add(viewer);
    viewer.once('close', () => this.viewers.delete(viewer));
    return viewer;
  }

  /** Ends what this process has in the container; the desktop itself stays. */
  close(): void {
    this.helper.close();
    for (const viewer of this.viewers) viewer.destroy();
  }

  private async place(): Promise<HelperPlace> {
    const { container } = await this.context.requireRunning();
    if (container?.Config.Labels[DESKTOP_LABEL] !== 'true') throw noDesktop(this.context.sessionId);
    return { container: this.context.container, env: this.context.env() };
  }
}
