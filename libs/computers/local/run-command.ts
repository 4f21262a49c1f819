import type { ExecOptions, ExecResult } from '../computer.js';
import { Interruption } from './interruption.js';
import { checkedEnvironment } from './isolation.js';
import { OutputCollector } from './output-collector.js';
import { OutputPipe } from './output-pipe.js';
import { type SessionContext, SessionProcess } from './session-process.js';

/** Closes descriptors that leaked into the service, then becomes the command. A missing one gives 127, as in a shell. */
const WRAPPER =
  'for f in /proc/self/fd/*; do f=${f##*/}; case $f in [0-2]) ;; *) eval "exec $f>&-";; esac; done; ' +
  'unset f; cd -- "$1" && shift && exec -- "$@"';

export interface CommandContext extends SessionContext {
  /** Where the output pipe may have its name for a moment. */
  pipeFolder: string;
  /** Called once it runs; when that fails, the command is ended. */
  onStart(process: SessionProcess): Promise<void>;
}

/** Runs one command to its end, its time limit, or its cancellation. `cwd` is a path as the command sees it. */
export async function runCommand(
  context: CommandContext,
  argv: string[],
  options: ExecOptions & { cwd: string },
): Promise<ExecResult> {
  const startedAt = performance.now();
  const output = new OutputCollector(options.maxOutputBytes, options.onOutput);
  if (options.signal?.aborted) {
    return { output: '', exitCode: null, outcome: 'cancelled', truncated: false, tookMs: 0 };
  }
  const pipe = await OutputPipe.open(context.pipeFolder, (chunk) => output.push(chunk), context.user);
  try {
    const process = await startCommand(context, argv, options, pipe);
    const interruption = new Interruption(options, () => process.end());
    const exitCode = await process.exited;
    const interrupted = await interruption.settle();
    pipe.drain();
    return {
      ...output.finish(),
      exitCode: interrupted ? null : exitCode,
      outcome: interrupted ?? 'exited',
      tookMs: performance.now() - startedAt,
    };
  } finally {
    pipe.close();
  }
}

async function startCommand(
  context: CommandContext,
  argv: string[],
  options: ExecOptions & { cwd: string },
  pipe: OutputPipe,
): Promise<SessionProcess> {
  const wrapped = ['/bin/bash', '--noprofile', '--norc', '-c', WRAPPER, 'bash', options.cwd, ...argv];
  const stdin = options.stdin === undefined ? 'ignore' : 'pipe';
  const process = await SessionProcess.start(
    { ...context, env: { ...context.env, ...checkedEnvironment(options.env) } },
    wrapped,
    [stdin, pipe.writeFd, pipe.writeFd],
  );
  pipe.releaseWriteEnd();
  try {
    await context.onStart(process);
  } catch (error) {
    await process.end();
    throw error;
  }
  // A command that does not read its input to the end closes the pipe: that is its right.
  process.child.stdin?.on('error', () => undefined);
  process.child.stdin?.end(options.stdin);
  return process;
}
