import { homePath, readConfigFile } from '../location/home.js';

/** For people whose sessions have no sandbox. */
export const UNCONFINED =
  'Commands of sessions are not confined: they run with all rights of the user who runs Raworc (RAWORC_COMPUTERS=local-unsafe).';

/** Whether a service started from here would confine nothing. That is never so unless it is asked for. */
export function startsUnconfined(): boolean {
  const chosen = process.env.RAWORC_COMPUTERS || readConfigFile(homePath()).computers;
  return chosen === 'local-unsafe';
}

export function isUnconfined({ computers }: { computers?: string | null }): boolean {
  return computers === 'local-unsafe';
}
