import { Command } from '@oclif/core/command';
import { describeError, exitCodeOf, printError } from './errors/report-error.js';
import { plainJson, plainText } from './terminal/plain-text.js';
import { copyable } from './terminal/copyable.js';

/** What all commands have in common: --json, and errors as one message with an exit code. */
export abstract class RaworcCommand extends Command {
  static override enableJsonFlag = true;

  protected override async catch(error: Error): Promise<void> {
    process.exitCode = exitCodeOf(error);
    if (this.jsonEnabled()) this.logJson({ error: describeError(error) });
    else printError(error);
  }

  /** For people. What is told may come from a server or a session; only `paint` adds escape sequences. */
  override log(text = ''): void {
    super.log(plainText(text));
  }

  /** Never coloured: what reads it is a program. */
  protected override logJson(json: unknown): void {
    process.stdout.write(`${plainJson(json, 2)}\n`);
  }

  /** For people only, beside the result. */
  protected note(text: string): void {
    if (!this.jsonEnabled()) process.stderr.write(`${plainText(copyable(text))}\n`);
  }
}
