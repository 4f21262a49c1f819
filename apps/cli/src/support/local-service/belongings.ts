import { runServiceTask } from './service-task.js';

/** What the engine has of this home, and of nobody else. */
export interface Belongings {
  containers: { name: string; running: boolean; sessionId: string | null }[];
  volumes: string[];
  images: string[];
}

export function findBelongings(): Promise<Belongings> {
  return runServiceTask<Belongings>(['belongings']);
}

/** `3 containers (2 running)` */
export function describeContainers({ containers }: Belongings): string {
  const running = containers.filter((container) => container.running).length;
  return `${count(containers.length, 'container')}${running === 0 ? '' : ` (${running} running)`}`;
}

export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
