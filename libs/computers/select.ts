import { type Computers, ComputerError, type ComputersLogger } from './computer.js';
import { bubblewrapProblem, createLocalComputers } from './local/index.js';

export interface SelectComputersOptions {
  /** `auto`: the safest driver that works here. `local-unsafe` is never chosen unless it is named. */
  setting: 'auto' | 'local' | 'local-unsafe' | 'docker';
  /** The folder for local computers. */
  root: string;
  logger?: ComputersLogger;
}

/** The driver for a setting; `driver_unavailable`, with what to do, when it does not work on this machine. */
export async function selectComputers({ setting, root, logger }: SelectComputersOptions): Promise<Computers> {
  switch (setting) {
    case 'local-unsafe':
      return createLocalComputers({ root, mode: 'unsafe', logger });
    case 'docker':
      throw new ComputerError(
        'driver_unavailable',
        'The Docker driver is not part of this version. Set RAWORC_COMPUTERS=local to run sessions in a bubblewrap sandbox.',
      );
    case 'auto':
    case 'local':
      return sandboxed(root, logger);
  }
}

async function sandboxed(root: string, logger: ComputersLogger | undefined): Promise<Computers> {
  const problem = await bubblewrapProblem();
  if (problem === undefined) return createLocalComputers({ root, mode: 'bubblewrap', logger });
  throw new ComputerError(
    'driver_unavailable',
    `No sandbox for sessions: ${problem}. Install bubblewrap (for example: apt-get install bubblewrap), ` +
      'or set RAWORC_COMPUTERS=local-unsafe to let sessions run commands with your own rights.',
  );
}
