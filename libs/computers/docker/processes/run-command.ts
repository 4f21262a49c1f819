import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import { ComputerError, type ExecOptions, type ExecResult } from '../../computer.js';
import { Interruption } from '../../local/interruption.js';
import { checkedEnvironment } from '../../local/isolation.js';
import { OutputCollector } from '../../local/output-collector.js';
import { startProcess } from '../container/container-process.js';
import { demultiplex } from '../engine/engine-stream.js';
import { TOUCH_IF_ROOT } from '../container/keeper.js';
import { ReportSplitter } from './report-splitter.js';

/** How long the engine may take to say that an ended process has ended. */
const END_WAIT_MS = 2_000;

/** Runs the command below itself and reports how it ended in the same stream. What bash itself says is dropped. */
const WRAPPER = [
  `exec 3>&1 >/dev/null 2>&1; nonce=$1; ${TOUCH_IF_ROOT}`,
  `cd -P -- "$2" || { printf '%s missing\\n' "$nonce" >&3; exit; }`,
  `case $PWD in /session|/session/*) ;; *) printf '%s outside\\n' "$nonce" >&3; exit;; esac`,
  'shift 2',
  '( exec 1>&3 2>&3 3>&-; exec -- "$@" )',
  `printf '%s %s\\n' "$nonce" "$?" >&3`,
].join('\n');

export interface CommandContext {
  container: Docker.Container;
  env: Record<string, string>;
  /** Ends what carries this mark. */
  endRun: (run: string, root: boolean) => Promise<void>;
}

/** Runs one command to its end, its time limit, or its cancellation. */
export async function runCommand(
  { container, env, endRun }: CommandContext,
  argv: string[],
  options: ExecOptions,
): Promise<ExecResult> {
  const startedAt = performance.now();
  if (options.signal?.aborted) {
    return { output: '', exitCode: null, outcome: 'cancelled', truncated: false, tookMs: 0 };
  }
  const nonce = randomBytes(16).toString('hex');
  const mark = randomBytes(12).toString('hex');
  const root = options.root ?? false;
  const stream = await startProcess(container, {
    argv: ['/bin/bash', '--noprofile', '--norc', '-c', WRAPPER, 'bash', nonce, options.cwd ?? '.', ...argv],
    env: { ...env, ...checkedEnvironment(options.env), RAWORC_RUN: mark },
    root,
    stdin: options.stdin !== undefined,
  });
  const output = new OutputCollector(options.maxOutputBytes, options.onOutput);
  const { promise: reported, resolve: report } = Promise.withResolvers<string | undefined>();
  const splitter = new ReportSplitter(
    `${nonce} `,
    (chunk) => output.push(chunk),
    (line) => report(line.slice(nonce.length + 1)),
  );
  void demultiplex(stream, { onStdout: (chunk) => splitter.push(chunk) }).then(() => report(undefined));
  if (options.stdin !== undefined) stream.end(options.stdin);
  const interruption = new Interruption(options, async () => {
    await endRun(mark, root);
    void delay(END_WAIT_MS, undefined, { ref: false }).then(() => report(undefined));
  });
  try {
    const ending = await reported;
    const interrupted = await interruption.settle();
    splitter.end();
    return {
      ...output.finish(),
      exitCode: interrupted ? null : exitCodeOf(ending, options.cwd),
      outcome: interrupted ?? 'exited',
      tookMs: performance.now() - startedAt,
    };
  } finally {
    stream.destroy();
  }
}

/** Without a report the wrapper itself was killed, as by the end of the container. */
function exitCodeOf(ending: string | undefined, cwd: string | undefined): number {
  if (ending === undefined) return 137;
  if (ending === 'outside') {
    throw new ComputerError(
      'path_outside_computer',
      `${cwd} is outside the session's folder. Use a path relative to it, or one that starts with /session or /data.`,
    );
  }
  if (ending === 'missing')
    throw new ComputerError('file_not_found', `There is no folder ${cwd} in the computer.`);
  return Number(ending);
}
