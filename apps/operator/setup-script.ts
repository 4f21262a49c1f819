import type { Computers } from '#computers';
import { SecretMask } from '#runtime';
import { ComputerFailure, NoLongerWanted } from './computer-failure.js';
import { DEADLINES, within } from './deadline.js';

const SCRIPT = 'logs/setup.sh';
const LOG = 'logs/setup.log';
const LOGGED_BYTES = 256 * 1024;
const REASON_CHARACTERS = 2_000;

/**
 * Runs a session's setup in its computer. Script and output, without the values of secrets, are kept there in `logs/`; as a file the script may be
 * longer than an argument can.
 * @throws ComputerFailure permanent: with the end of the output
 * @throws NoLongerWanted when the signal aborts
 */
export async function runSetup(
  computers: Computers,
  sessionId: string,
  setup: { script: string; secrets: Record<string, string>; signal: AbortSignal },
): Promise<void> {
  await within(DEADLINES.file, `Writing ${SCRIPT}`, computers.writeFile(sessionId, SCRIPT, setup.script));
  const execution = computers.exec(sessionId, ['bash', SCRIPT], {
    root: true,
    timeoutMs: DEADLINES.setup,
    maxOutputBytes: LOGGED_BYTES,
    signal: setup.signal,
  });
  const ends = within(DEADLINES.setup + DEADLINES.stop, 'The setup script', execution);
  const { outcome, exitCode, output: printed } = await ends;
  const output = new SecretMask(setup.secrets).apply(printed);
  await within(DEADLINES.file, `Writing ${LOG}`, computers.writeFile(sessionId, LOG, output));
  if (setup.signal.aborted) throw new NoLongerWanted('The setup script was cancelled.');
  if (outcome === 'exited' && exitCode === 0) return;
  const end = output.trimEnd().slice(-REASON_CHARACTERS);
  const shown = end === '' ? 'It printed nothing.' : `The end of its output:\n${end}`;
  throw new ComputerFailure(`The setup script ${howItEnded(outcome, exitCode)}. ${shown}`, true);
}

function howItEnded(outcome: string, exitCode: number | null): string {
  if (outcome === 'timed_out')
    return `was stopped because it took longer than ${DEADLINES.setup / 60_000} minutes`;
  return exitCode === null ? 'was killed' : `failed with exit code ${exitCode}`;
}
