import { type ComputerLimits, type Computers, ComputerError, type ComputersLogger } from './computer.js';
import { bubblewrapProblem, createLocalComputers, missingLimits } from './local/index.js';

export interface SelectComputersOptions {
  /** `auto`: the safest driver that works here. `local-unsafe` is never chosen unless it is named. */
  setting: 'auto' | 'local' | 'local-unsafe' | 'docker';
  /** The folder for local computers; containers carry it as the mark of this home. */
  root: string;
  /** Container image of sessions that name none. */
  image?: string;
  /** Of sessions that set none. */
  limits?: ComputerLimits;
  /** Whether containers reach the network, where the session does not say. */
  network?: 'egress' | 'none';
  /** Container runtime of sessions that name none; absent: the engine's own. */
  runtime?: string;
  logger?: ComputersLogger;
  /** Whether sessions have their files in containers; `auto` does not leave those behind. Default: none has. */
  hasContainers?: () => boolean;
  /** Told, in a sentence for people, what takes minutes or is less than they may expect. */
  onNotice?: (message: string) => void;
}

/** Which driver a setting means on this machine. */
export interface ComputersPlan {
  driver: 'docker' | 'local' | 'local-unsafe';
  /** The standard image is missing, and has to be built first. */
  buildsImage?: true;
  /** What one should know of it: limits that do not hold, commands that are not confined. */
  caution?: string;
  /** Why it is not the driver that one might expect. */
  instead?: string;
}

type Wish = Pick<SelectComputersOptions, 'setting' | 'image' | 'hasContainers'>;

/**
 * The driver for a setting. Builds the image of sessions when that is all that is missing.
 * @throws ComputerError `driver_unavailable`, with what to do, when nothing suitable works on this machine.
 */
export async function selectComputers(options: SelectComputersOptions): Promise<Computers> {
  const plan = await planComputers(options);
  if (plan.instead !== undefined) options.onNotice?.(plan.instead);
  if (plan.driver !== 'docker') return localComputers(plan.driver, options);
  if (!plan.buildsImage) return inContainers(options);

  const problem = await buildSessionImage(options);
  if (problem === undefined) return inContainers(options);
  if (options.setting === 'docker') throw problem;
  if (options.hasContainers?.()) throw leavesContainers(problem.message);
  options.onNotice?.(
    `Sessions run without containers, because their image could not be built. For containers run raworc images build and start Raworc again.\n${problem.message}`,
  );
  await requireSandbox();
  return localComputers('local', options);
}

/**
 * What `selectComputers` would do, without doing it.
 * @throws as `selectComputers`
 */
export async function planComputers({ setting, image, hasContainers }: Wish): Promise<ComputersPlan> {
  switch (setting) {
    case 'local-unsafe':
      return withCaution({ driver: 'local-unsafe' });
    case 'local':
      await requireSandbox();
      return withCaution({ driver: 'local' });
    case 'docker': {
      const { problem, plan } = await containersPlan(image);
      if (plan !== undefined) return plan;
      throw new ComputerError('driver_unavailable', problem);
    }
    case 'auto': {
      const { problem, plan, answers } = await containersPlan(image);
      if (plan !== undefined) return plan;
      if (hasContainers?.()) throw leavesContainers(problem);
      await requireSandbox();
      // A machine without an engine is no surprise; one whose engine lacks the image that was asked for is.
      const instead = answers ? { instead: withoutContainers(problem) } : {};
      return withCaution({ driver: 'local', ...instead });
    }
  }
}

function withCaution(plan: ComputersPlan): ComputersPlan {
  const unsafe =
    plan.driver === 'local-unsafe'
      ? ['Commands of sessions are not confined: they run with all rights of the user who runs Raworc.']
      : [];
  const missing = missingLimits();
  const limits =
    missing.length === 0
      ? []
      : [
          `Limits of ${missing.join(', ')} do not hold: no control groups can be made for them here. They can by root, ` +
            'and by a service of the user for systemd (systemd-run --user).',
        ];
  const caution = [...unsafe, ...limits].join(' ');
  return caution === '' ? plan : { ...plan, caution };
}

type ContainersPlan =
  | { plan: ComputersPlan; problem?: undefined; answers: true }
  | { plan?: undefined; problem: string; answers: boolean };

/** Loaded only when asked for: the engine's client is not small. */
async function containersPlan(image: string | undefined): Promise<ContainersPlan> {
  const { dockerEngineProblem, recipeOf, SESSION_RECIPE } = await import('./docker/images/index.js');
  const { dockerProblem } = await import('./docker/index.js');
  const silent = await dockerEngineProblem();
  if (silent !== undefined) return { problem: silent, answers: false };
  const problem = await dockerProblem({ image });
  if (problem === undefined) return { plan: { driver: 'docker' }, answers: true };
  const ours = image === undefined || recipeOf(image)?.name === SESSION_RECIPE;
  if (ours) return { plan: { driver: 'docker', buildsImage: true }, answers: true };
  return { problem, answers: true };
}

async function buildSessionImage(options: SelectComputersOptions): Promise<ComputerError | undefined> {
  const { buildImages, SESSION_RECIPE } = await import('./docker/images/index.js');
  options.onNotice?.('Building the image of sessions (once, about two minutes) …');
  try {
    await buildImages([SESSION_RECIPE], { onStep: (step) => options.logger?.info({ step }, 'building') });
    options.onNotice?.('The image of sessions is built.');
    return undefined;
  } catch (error) {
    if (error instanceof ComputerError) return error;
    throw error;
  }
}

async function inContainers(options: SelectComputersOptions): Promise<Computers> {
  const { createDockerComputers } = await import('./docker/index.js');
  const { root: home, image, limits, network, runtime, logger } = options;
  return createDockerComputers({ home, image, limits, network, runtime, logger });
}

function localComputers(
  driver: 'local' | 'local-unsafe',
  { root, logger, limits }: SelectComputersOptions,
): Computers {
  return createLocalComputers({ root, mode: driver === 'local' ? 'bubblewrap' : 'unsafe', logger, limits });
}

function withoutContainers(problem: string): string {
  return `Sessions run without containers: ${problem}`;
}

/** Without them every such session would end, and look as if its files were lost. */
function leavesContainers(problem: string): ComputerError {
  return new ComputerError(
    'driver_unavailable',
    `${problem}\nSessions of this home are in containers, so Raworc does not go on without them. If you want that all the same: RAWORC_COMPUTERS=local.`,
  );
}

async function requireSandbox(): Promise<void> {
  const problem = await bubblewrapProblem();
  if (problem === undefined) return;
  throw new ComputerError(
    'driver_unavailable',
    `No sandbox for sessions: ${problem}. Or use a Docker engine, ` +
      'or set RAWORC_COMPUTERS=local-unsafe to let sessions run commands with your own rights.',
  );
}
