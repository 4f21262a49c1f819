import type { Duplex } from 'node:stream';
import type Docker from 'dockerode';
import { z } from 'zod';
import { type InputAction, type Point, type Region, type Screenshot } from '../../desktop.js';
import { Mutex } from '../../local/mutex.js';
import { noDesktop } from '../../no-desktop.js';
import { checkAction, checkRegion, deadlineOf } from './check-action.js';
import { type CallOptions, DesktopHelper, type HelperRequest } from './desktop-helper.js';
import type { Frame } from './frame-reader.js';
import { connectViewer } from './viewer.js';

/** Of an image with a desktop; a container has the labels of its image. */
const DESKTOP_LABEL = 'raworc.desktop';
/** The start of the desktop included. */
const LOOK_MS = 30_000;

const size = z.object({ width: z.number().int(), height: z.number().int() });
const place = z.object({ x: z.number().int(), y: z.number().int() });

export interface DesktopContext {
  sessionId: string;
  container: Docker.Container;
  env(): Record<string, string>;
  /** Fails when the computer does not run. */
  requireRunning(): Promise<{ container?: Docker.ContainerInspectInfo }>;
}

/** The desktop of one computer, as this process uses it. Nothing runs for it before the first verb. */
export class DockerDesktop {
  private helper: DesktopHelper | undefined;
  /** Held while a helper starts: callers at the same time get the same one. */
  private readonly opening = new Mutex();
  private readonly viewers = new Set<Duplex>();

  constructor(private readonly context: DesktopContext) {}

  async screenshot(options: { region?: Region; signal?: AbortSignal } = {}): Promise<Screenshot> {
    const { region, signal } = options;
    if (region) checkRegion(region);
    const { header, body } = await this.look({ verb: 'screenshot', region }, signal);
    return { mediaType: 'image/jpeg', bytes: body, ...size.parse(header) };
  }

  async pointer(): Promise<Point> {
    const { x, y } = place.parse((await this.look({ verb: 'pointer' })).header);
    return [x, y];
  }

  async input(action: InputAction, { signal }: { signal?: AbortSignal } = {}): Promise<void> {
    checkAction(action);
    await this.call({ verb: 'input', action }, { signal, timeoutMs: deadlineOf(action) });
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
    this.helper?.close();
    this.helper = undefined;
    for (const viewer of this.viewers) viewer.destroy();
  }

  /** Looking twice does no harm: a helper that was lost on the way is replaced. */
  private async look(request: HelperRequest, signal?: AbortSignal): Promise<Frame> {
    const options = { signal, timeoutMs: LOOK_MS };
    const helper = await this.ready(signal);
    try {
      return await helper.call(request, options);
    } catch (error) {
      if (helper.alive || signal?.aborted) throw error;
      return this.call(request, options);
    }
  }

  private async call(request: HelperRequest, options: CallOptions): Promise<Frame> {
    const helper = await this.ready(options.signal);
    return helper.call(request, options);
  }

  private ready(signal?: AbortSignal): Promise<DesktopHelper> {
    return this.opening.run(async () => {
      signal?.throwIfAborted();
      if (this.helper?.alive) return this.helper;
      const { container } = await this.context.requireRunning();
      if (container?.Config.Labels[DESKTOP_LABEL] !== 'true') throw noDesktop(this.context.sessionId);
      this.helper = await DesktopHelper.open(this.context.container, this.context.env());
      return this.helper;
    });
  }
}
