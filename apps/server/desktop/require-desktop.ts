import { ApiError } from '#contracts';
import type { SessionView } from '#projections/sessions';

/** @throws ApiError `desktop_missing`, `computer_not_running` */
export function requireDesktop({ name, desktop, state }: SessionView): void {
  if (!desktop) {
    throw new ApiError(
      'desktop_missing',
      `The computer of session ${name} has no desktop. Create a session with "desktop": true.`,
    );
  }
  if (state === 'closed') throw notRunning(name, 'closed', 'restore it first');
  if (state === 'init') throw notRunning(name, 'starting', 'wait until it is idle');
}

export function closedWhileWatched(): ApiError {
  return new ApiError('computer_not_running', 'The session was closed: restore it to see its desktop again.');
}

function notRunning(name: string, state: string, todo: string): ApiError {
  return new ApiError('computer_not_running', `Session ${name} is ${state}: ${todo}.`);
}
