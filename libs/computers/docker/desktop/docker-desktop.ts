import type { Duplex } from 'node:stream';
import type Docker from 'dockerode';
import { z } from 'zod';
import { ComputerError } from '../../computer.js';
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

const JPEG_BEGIN = Buffer.from([0xff, 0xd8, 0xff]);
/** The model takes 5 MiB in base64, which adds a third; and a picture that was once in a conversation stays in it. */
const MOST_BYTES = 3.5 * 1024 * 1024;

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
    const isPicture = body.length <= MOST_BYTES && body.subarray(0, JPEG_BEGIN.length).equals(JPEG_BEGIN);
    if (!isPicture) throw wrongAnswer();
    return { mediaType: 'image/jpeg', bytes: body, ...checked(size, header) };
  }

  async pointer(): Promise<Point> {
    const { header } = await this.helper.call({ verb: 'pointer' }, { timeoutMs: LOOK_MS });
    const { x, y } = checked(position, header);
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

/** Processes of the session may answer in the place of our program. */
function checked<T>(schema: z.ZodType<T>, header: object): T {
  const { data } = schema.safeParse(header);
  if (data === undefined) throw wrongAnswer();
  return data;
}

function wrongAnswer(): ComputerError {
  return new ComputerError(
    'desktop_failed',
    'The program that serves the desktop answered what it was not asked.',
  );
}
