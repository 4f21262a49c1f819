import { z } from 'zod';
import { ComputerError } from '../../computer.js';
import type { InputAction, Region } from '../../desktop.js';
import type { Frame } from '../processes/frame-reader.js';
import { HelperEnded } from '../processes/helper-connection.js';
import { type HelperPlace, PersistentHelper } from '../processes/persistent-helper.js';
import { HELPER } from './inside/helper.js';

export type HelperRequest =
  { verb: 'screenshot'; region?: Region } | { verb: 'pointer' } | { verb: 'input'; action: InputAction };

export interface CallOptions {
  /** Until the helper is given up. */
  timeoutMs: number;
  signal?: AbortSignal;
}

/** More than a picture of the whole screen ever has. */
const MAX_BYTES = 16 << 20;

const failure = z.object({
  failed: z.string().optional(),
  message: z.string().default('The desktop failed.'),
});

/** The program in a container that is eyes and hands. */
export class DesktopHelper {
  private readonly helper: PersistentHelper;

  constructor(place: () => Promise<HelperPlace>) {
    this.helper = new PersistentHelper(HELPER, place);
  }

  /**
   * Looking twice does no harm: it is asked once more when the helper was lost on the way. Fails with
   * `desktop_failed`, `no_desktop` or `command_refused`; when aborted, with the signal's reason.
   */
  async call(request: HelperRequest, options: CallOptions): Promise<Frame> {
    const verb = request.verb === 'input' ? 'call' : 'callAgain';
    const frame = await this.told(this.helper[verb](request, { ...options, maxBytes: MAX_BYTES }));
    const { failed, message } = failure.parse(frame.header);
    if (failed === undefined) return frame;
    if (failed === 'aborted') options.signal?.throwIfAborted();
    const code = failed === 'no_desktop' || failed === 'command_refused' ? failed : 'desktop_failed';
    throw new ComputerError(code, message);
  }

  /** The program releases what it holds and ends; the desktop stays. */
  close(): void {
    this.helper.close();
  }

  private async told(answer: Promise<Frame>): Promise<Frame> {
    try {
      return await answer;
    } catch (error) {
      if (!(error instanceof HelperEnded)) throw error;
      if (error.header) throw new ComputerError('no_desktop', error.reason);
      throw new ComputerError(
        'desktop_failed',
        `The program that serves the desktop ended: ${error.reason}.`,
      );
    }
  }
}
