import type { Interface } from 'node:readline';
import type { ReadStream } from 'node:tty';

/** After this long a process that was told to stop has stopped, unless nothing can continue it. */
const STOPS_WITHIN_MS = 100;

export interface Suspension {
  /** Takes from the terminal what is not to be seen while the process stands still. */
  release?: () => void;
  resume: () => void;
}

/**
 * Lets a command that reads keys in raw mode be stopped and continued as any other, by Ctrl-Z, which sends no signal by
 * itself then, and by a SIGTSTP from elsewhere: gives the terminal back, stops every process that the shell started
 * for this command line (npm and another Node may stand around this one), and takes the terminal again when the shell
 * continues them. Until the returned function is called.
 *
 * The kernel does not stop processes that no shell could continue. Then the time runs on, and the terminal is taken
 * again at once.
 */
export function stopLikeAJob(
  input: ReadStream,
  keys: Interface,
  { release, resume }: Suspension,
): () => void {
  let ended = false;
  let unstoppable: NodeJS.Timeout | undefined;
  const goOn = (): void => {
    clearTimeout(unstoppable);
    process.off('SIGCONT', goOn);
    if (ended) return;
    process.on('SIGTSTP', stop);
    input.setRawMode(true);
    // The window may have another size by now, of which only the shell was told.
    process.kill(process.pid, 'SIGWINCH');
    resume();
  };
  const stop = (): void => {
    // Without a listener the signal stops this process, too.
    process.off('SIGTSTP', stop);
    release?.();
    process.once('SIGCONT', goOn);
    unstoppable = setTimeout(goOn, STOPS_WITHIN_MS);
    input.setRawMode(false);
    process.kill(0, 'SIGTSTP');
  };
  keys.on('SIGTSTP', stop);
  process.on('SIGTSTP', stop);
  return () => {
    ended = true;
    keys.off('SIGTSTP', stop);
    process.off('SIGTSTP', stop);
  };
}
