import { flush } from '@oclif/core/flush';
import { run } from '@oclif/core/run';
import { settings } from '@oclif/core/settings';
import { CliError } from './support/errors/cli-error.js';
import { exitCodeOf, printError } from './support/errors/report-error.js';

/** Runs one command line and sets the exit code; `root` is the folder of the package. */
export async function runCli(root: string, args: string[]): Promise<void> {
  endWhenNotWritable(process.stdout);
  endWhenNotWritable(process.stderr);
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

/** `raworc api … | head` closes the pipe early, and that is no error; a full disk is one. */
function endWhenNotWritable(stream: NodeJS.WriteStream): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
    if (stream === process.stdout) {
      const hint = 'The command itself may have done its work; look before you run it again.';
      printError(
        new CliError('output_failed', `The output could not be written: ${error.message}.`, { hint }),
      );
    }
    process.exit(1);
  });
}
