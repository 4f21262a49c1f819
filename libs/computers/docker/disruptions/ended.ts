import type Docker from 'dockerode';
import type { Disruption } from '../../computer.js';
import { disruptionOf } from './disruption.js';
import { found } from '../engine/engine.js';

/** Why a container stands still though nobody here asked for it; undefined when it runs, never ran, or was asked to. */
export async function disruptionIn(
  docker: Docker,
  { State: state }: Pick<Docker.ContainerInspectInfo, 'State'>,
): Promise<Disruption | undefined> {
  if (state.Running || state.Status === 'created') return undefined;
  const ending = {
    exitCode: state.ExitCode,
    oomKilled: state.OOMKilled,
    finishedAt: Date.parse(state.FinishedAt),
  };
  return disruptionOf(ending, undefined) && disruptionOf(ending, await engineStart(docker));
}

/** Unix time in milliseconds: the engine makes its own network anew at each start. Undefined where it has none. */
async function engineStart(docker: Docker): Promise<number | undefined> {
  const network = (await found(docker.getNetwork('bridge').inspect())) as { Created?: string } | undefined;
  const startedAt = Date.parse(network?.Created ?? '');
  return Number.isNaN(startedAt) ? undefined : startedAt;
}
