import { type Computers, ComputerError } from './computer.js';
import { bubblewrapProblem, createLocalComputers } from './local/index.js';

export interface SelectComputersOptions {
  /** `auto`: the safest driver that works here. `local-unsafe` is never chosen unless it is named. */
  setting: 'auto' | 'local' | 'local-unsafe' | 'docker';
  /** The folder for local computers. */
  root: string;
}

/** The driver for a setting; `driver_unavailable`, with what to do, when it does not work on this machine. */
export async function selectComputers({ setting, root }: SelectComputersOptions): Promise<Computers> {
  switch (setting) {
    case 'local-unsafe':
      return createLocalComputers({ root, mode: 'unsafe' });
    case 'docker':
      throw new ComputerError(
        'driver_unavailable',
        'The Docker driver is not part of this version. Set RAWORC_COMPUTERS=local to run sessions in a bubblewrap sandbox.',
      );
    case 'auto':
    case 'local':
      return sandboxed(root);
  }
}

async function sandboxed(root: string): Promise<Computers> {
  const problem = await bubblewrapProblem();
  if (problem === undefined) return createLocalComputers({ root, mode: 'bubblewrap' });
  throw new ComputerError(
    'driver_unavailable',
    `No sandbox for sessions: ${problem}. Install bubblewrap (for example: apt-get install bubblewrap), ` +
      'or set RAWORC_COMPUTERS=local-unsafe to let sessions run commands with your own rights.',
  );
}
