import { type ComputerLimits, type Computers, ComputerError, type ComputersLogger } from './computer.js';
import { bubblewrapProblem, createLocalComputers } from './local/index.js';

export interface SelectComputersOptions {
  /** `auto`: the safest driver that works here. `local-unsafe` is never chosen unless it is named. */
  setting: 'auto' | 'local' | 'local-unsafe' | 'docker';
  /** The folder for local computers; containers carry it as the mark of this home. */
  root: string;
  /** Container image of sessions that name none. */
  image?: string;
  /** Of sessions that set no limits of their own; containers only. */
  limits?: ComputerLimits;
  /** Of sessions that name none; containers only. `egress` by default, `none`: they reach nothing but themselves. */
  network?: 'egress' | 'none';
  logger?: ComputersLogger;
}

/** The driver for a setting; `driver_unavailable`, with what to do, when it does not work on this machine. */
export async function selectComputers(options: SelectComputersOptions): Promise<Computers> {
  const { setting, root, logger } = options;
  switch (setting) {
    case 'local-unsafe':
      return createLocalComputers({ root, mode: 'unsafe', logger });
    case 'docker':
      return inContainers(options);
    case 'auto':
    case 'local':
      return sandboxed(root, logger);
  }
}

/** Loaded only when asked for: the engine's client is not small. */
async function inContainers({ root: home, ...options }: SelectComputersOptions): Promise<Computers> {
  const { createDockerComputers, dockerProblem } = await import('./docker/index.js');
  const { image, limits, network, logger } = options;
  const problem = await dockerProblem({ image });
  if (problem === undefined) return createDockerComputers({ home, image, limits, network, logger });
  throw new ComputerError('driver_unavailable', problem);
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
