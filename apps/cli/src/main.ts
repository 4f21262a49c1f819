import { flush } from '@oclif/core/flush';
import { run } from '@oclif/core/run';
import { settings } from '@oclif/core/settings';
import { exitCodeOf, printError } from './support/errors/report-error.js';

/** Runs one command line and sets the exit code; `root` is the folder of the package. */
export async function runCli(root: string, args: string[]): Promise<void> {
  leaveQuietlyWhenNobodyReads(process.stdout);
  leaveQuietlyWhenNobodyReads(process.stderr);
  // Commands come from the build, whatever NODE_ENV says.
  settings.enableAutoTranspile = false;
  try {
    await run(args, { root });
    await flush();
  } catch (error) {
    process.exitCode = exitCodeOf(error);
    printError(error);
  }
}

/** `raworc api … | head` closes the pipe early, and that is no error. */
function leaveQuietlyWhenNobodyReads(stream: NodeJS.WriteStream): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
    throw error;
  });
}
