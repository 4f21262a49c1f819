import { z } from 'zod';
import type { ExecResult } from '#computers';
import { clip } from './clip.js';
import { answer, mistake, type Tool, type ToolAnswer, type ToolContext } from './tool.js';

export interface BashLimits {
  /** Milliseconds that one command may take. */
  timeoutMs: number;
  /** Characters of output that the model sees. */
  maxCharacters: number;
}

export const BASH_LIMITS: BashLimits = { timeoutMs: 120_000, maxCharacters: 30_000 };

/** Exit code of a process that SIGKILL ended. */
const KILLED = 137;

/** Of the output of background jobs; a log file is where more of it belongs. */
const BACKGROUND_CHARACTERS = 1_000;

const NEW_SHELL =
  ' The next command gets a new shell: directory, variables and background jobs of this one are gone.';
const REPLACED_SHELL =
  '[The shell ended before this command, which ran in a new one: directory, variables and background jobs of the old ' +
  'one are gone.]';

/** A character takes at most four bytes in UTF-8. */
const BYTES_PER_CHARACTER = 4;

const bashInput = z.union([
  z.looseObject({ restart: z.literal(true) }),
  z.looseObject({ command: z.string().min(1) }),
]);

/** What shells and programs say when the kernel lets no more processes start. */
const NO_MORE_PROCESSES =
  /fork: (retry: )?Resource temporarily unavailable|Cannot fork|can't start new thread/;
const PROCESS_LIMIT =
  'The computer has as many processes as it may have. End some that are no longer needed before you start more.';

/** `bash_20250124`: commands in the computer's persistent shell. */
export function bashTool(limits: BashLimits): Tool {
  return async (input, context) => {
    const wanted = bashInput.safeParse(input);
    if (!wanted.success) {
      return mistake('The input must be {"command": "<shell command>"} or {"restart": true}.');
    }
    if ('restart' in wanted.data) return restart(context);
    return run(String(wanted.data.command), context, limits);
  };
}

async function restart({ computers, sessionId }: ToolContext): Promise<ToolAnswer> {
  const shell = await computers.shell(sessionId);
  await shell.close();
  return answer('The shell was restarted; directory, variables and background jobs of the old one are gone.');
}

async function run(command: string, context: ToolContext, limits: BashLimits): Promise<ToolAnswer> {
  const shell = await context.computers.shell(context.sessionId);
  const result = await shell.run(command, {
    timeoutMs: limits.timeoutMs,
    maxOutputBytes: limits.maxCharacters * BYTES_PER_CHARACTER,
    signal: context.signal,
  });
  const said = answerOf(result, clip(context.hide(result.output), limits.maxCharacters), limits);
  const { background = '', shellReplaced } = result;
  if (typeof said.content !== 'string') return said;
  const whole = background === '' ? said.content : lines(said.content, meanwhile(context.hide(background)));
  return { ...said, content: shellReplaced ? `${REPLACED_SHELL}\n${whole}` : whole };
}

/** Jobs print whenever they like; what they say must not be taken for the output of a command. */
function meanwhile(background: string): string {
  const printed = background.trimEnd();
  const cut = printed.length > BACKGROUND_CHARACTERS ? `… ${printed.slice(-BACKGROUND_CHARACTERS)}` : printed;
  return `[background jobs printed meanwhile:\n${cut.toWellFormed()}]`;
}

function answerOf(
  { outcome, exitCode, shellEnded }: ExecResult,
  output: string,
  { timeoutMs }: BashLimits,
): ToolAnswer {
  switch (outcome) {
    case 'exited': {
      const told = NO_MORE_PROCESSES.test(output) ? lines(output, PROCESS_LIMIT) : output;
      if (exitCode === 0) return answer(told === '' ? '(no output)' : told);
      return answer(lines(told, `exit code ${exitCode}`));
    }
    case 'timed_out':
      return mistake(
        lines(
          output,
          `The command did not end within ${timeoutMs / 1000} s and was stopped. Start long work in the background ` +
            `(command > logs/name.log 2>&1 &) and look at its output later.${shellEnded ? NEW_SHELL : ''}`,
        ),
      );
    case 'shell_died': {
      const ended = `The shell ended (exit code ${exitCode ?? 'unknown'}).${NEW_SHELL}`;
      // One that ends by itself says nothing about its computer.
      const killed = exitCode === null || exitCode === KILLED;
      return { ...mistake(lines(output, ended)), ...(killed ? { broken: true } : {}) };
    }
    case 'cancelled':
      return mistake(lines(output, 'The command was stopped.'));
  }
}

function lines(output: string, last: string): string {
  return output === '' || output.endsWith('\n') ? output + last : `${output}\n${last}`;
}

/** The exit code that an answer of this tool reports; undefined when the command did not run to its end. */
export function exitCodeIn(content: string): number | undefined {
  const code = /(?:^|\n)exit code (\d+)$/.exec(content)?.[1];
  return code === undefined ? undefined : Number(code);
}
