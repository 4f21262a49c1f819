export interface ScreenLimits {
  /** Seconds of one wait; a longer one ends then. */
  maxWaitSeconds: number;
  /** Seconds for which a key is held down; a longer hold ends then. */
  maxHoldSeconds: number;
  /** Characters typed by one use; a longer text is refused. */
  maxTextLength: number;
}

export const SCREEN_LIMITS: ScreenLimits = { maxWaitSeconds: 60, maxHoldSeconds: 30, maxTextLength: 5_000 };

/** Milliseconds that a screen gets to show what an action led to. */
export const SETTLE_MS = 500;
