/** Something took longer than it may. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError';
}

/**
 * Waits for work, but not for ever. The work itself cannot be stopped and may still end.
 * @throws DeadlineError
 */
export async function within<T>(deadlineMs: number, doing: string, work: Promise<T>): Promise<T> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(new DeadlineError(`${doing} was not done within ${deadlineMs / 1000} s.`));
  }, deadlineMs).unref();
  try {
    return await Promise.race([work, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

/** Milliseconds that a driver has for each of its verbs. */
export const DEADLINES = {
  inspect: 30_000,
  /** May have to fetch an image. */
  create: 600_000,
  copy: 600_000,
  start: 60_000,
  stop: 60_000,
  setup: 600_000,
  snapshot: 300_000,
  destroy: 120_000,
  file: 30_000,
  probe: 10_000,
  desktop: 60_000,
} as const;
