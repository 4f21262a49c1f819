import { runServiceTask } from './service-task.js';

/** What the engine has of this home, and of nobody else. */
export interface Belongings {
  containers: { name: string; running: boolean; sessionId: string | null }[];
  volumes: string[];
  images: string[];
  /** Why none of these were looked for, where an engine may have some; else null. */
  engine_problem: string | null;
}

export function findBelongings(): Promise<Belongings> {
  return runServiceTask<Belongings>(['belongings']);
}

/** `3 containers (2 running)` */
export function describeContainers({ containers }: Belongings): string {
  const running = containers.filter((container) => container.running).length;
  return `${count(containers.length, 'container')}${running === 0 ? '' : ` (${running} running)`}`;
}

/** For people who reset a home: what they might take for removed. */
export function notLookedAt(engineProblem: string): string {
  return `Containers and volumes of its sessions were not looked at, and stay: ${engineProblem} Run raworc reset again once the engine runs.`;
}

export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
