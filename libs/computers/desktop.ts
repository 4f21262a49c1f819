import type { Duplex } from 'node:stream';

/** Size of every screen, in pixels, for the whole life of a session: coordinates are pixels of its screenshots. */
export const SCREEN = { width: 1280, height: 720 } as const;

/** Pixels from the left edge, pixels from the top edge. */
export type Point = readonly [x: number, y: number];
/** Left, top, right, bottom; the last two are outside. */
export type Region = readonly [x0: number, y0: number, x1: number, y1: number];
export type MouseButton = 'left' | 'middle' | 'right';

/** One thing that a hand does. `held`: keys such as "ctrl+shift" that are down meanwhile. */
export type InputAction =
  | { do: 'move'; to: Point }
  | { do: 'press' | 'release'; button: MouseButton }
  /** Where the pointer is, when `at` is left out. */
  | { do: 'click'; button: MouseButton; times: 1 | 2 | 3; at?: Point; held?: string }
  | { do: 'drag'; from: Point; to: Point; held?: string }
  /** `amount`: clicks of the wheel. */
  | { do: 'scroll'; direction: 'up' | 'down' | 'left' | 'right'; amount: number; at?: Point; held?: string }
  | { do: 'type'; text: string }
  /** A key or combination such as "Return" or "ctrl+l", in the names of X11. */
  | { do: 'key'; keys: string; repeat: number }
  | { do: 'hold'; keys: string; ms: number };

export interface Screenshot {
  mediaType: 'image/jpeg';
  bytes: Uint8Array;
  width: number;
  height: number;
}

/**
 * The screen of a computer whose image has one. It starts with the first verb that needs it. Fails with `no_desktop`
 * where there is none, `desktop_failed` when it does not start or answer.
 */
export interface Desktop {
  /** What is on the screen now; of a region, enlarged to the size of the screen as far as its shape allows. */
  screenshot(sessionId: string, options?: { region?: Region; signal?: AbortSignal }): Promise<Screenshot>;
  /** Fails with `command_refused` for a point outside the screen or a key that does not exist. */
  input(sessionId: string, action: InputAction, options?: { signal?: AbortSignal }): Promise<void>;
  pointer(sessionId: string): Promise<Point>;
  /** A connection that speaks RFB (VNC) to the screen; without `control` it shows and takes no input. */
  connectDesktop(sessionId: string, options: { control: boolean }): Promise<Duplex>;
}
