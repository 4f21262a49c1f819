import type { ReadStream } from 'node:tty';

/** After this long a process that was told to stop has stopped, unless nothing can continue it. */
const STOPS_WITHIN_MS = 100;

/**
 * Ctrl-Z where the terminal is in raw mode, so that the key sends no signal by itself: gives the terminal back, stops
 * every process that the shell started for this command line (npm and another Node may stand around this one), and
 * takes the terminal again when the shell continues them.
 *
 * The kernel does not stop processes that no shell could continue. Then the time runs on, and the terminal is taken
 * again at once.
 */
export function suspend(input: ReadStream, resume: () => void): void {
  const goOn = (): void => {
    clearTimeout(unstoppable);
    process.removeListener('SIGCONT', goOn);
    input.setRawMode(true);
    // The window may have another size by now, of which only the shell was told.
    process.kill(process.pid, 'SIGWINCH');
    resume();
  };
  process.once('SIGCONT', goOn);
  const unstoppable = setTimeout(goOn, STOPS_WITHIN_MS);
  input.setRawMode(false);
  process.kill(0, 'SIGTSTP');
}
