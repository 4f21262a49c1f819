import { rm } from 'node:fs/promises';
import { replacePrivateFile, type Home } from '#runtime';

/** How to reach the running service; the command line reads it. */
export interface ServiceFile {
  pid: number;
  /** When that process started; another one with the same pid started at another time. */
  identity: string | null;
  port: number;
  url: string;
  /** Unix seconds. */
  started_at: number;
  version: string;
  /** Of the programs that it runs; absent where they were not built by the project's own scripts. */
  build?: string;
  /** How it isolates the commands of sessions; absent for a role that runs none. */
  computers?: string;
}

/** Written when the service is ready, so its presence says "ask me". */
export async function writeServiceFile(home: Home, file: ServiceFile): Promise<void> {
  await replacePrivateFile(home.serviceFile, `${JSON.stringify(file, null, 2)}\n`);
}

export async function removeServiceFile(home: Home): Promise<void> {
  await rm(home.serviceFile, { force: true });
}
