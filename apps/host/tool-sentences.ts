/** What the model is told of a tool use that did not go its way, instead of a result. */

const CHECK_FIRST =
  'so its outcome is unknown: it may have done all, a part or nothing of its work. The shell is a new one. Check what ' +
  'is there before you go on, and do not just repeat it.';

export const CUT_OFF = `The service stopped while this tool ran, ${CHECK_FIRST}`;

export const STOPPED_MEANWHILE = `The computer stopped while this tool ran, ${CHECK_FIRST} Programs that ran on it are gone; the files are there.`;

export const PAUSED_MEANWHILE =
  'The computer was paused by hand while this tool ran. Programs on it have not ended and go on, but the time of the ' +
  "pause counted as the tool's own: check what is there before you go on, and do not just repeat it.";

export const SKIPPED = 'Not executed: an earlier computer action in this turn failed.';

const OLD_SCREEN = 'Not executed: a person used the desktop since you last saw it.';

export const OLD_SCREEN_SHOWN = `${OLD_SCREEN} A new screenshot follows; look at it, and then decide what to do.`;

export const OLD_SCREEN_NOT_SHOWN = `${OLD_SCREEN} A new screenshot could not be taken; take one before you act.`;
