import { hostname } from 'node:os';
import type { ComputersSpace } from '../../computer.js';
import { spaceAt } from '../../space-at.js';
import type { Engine } from './engine.js';

/** Of an engine on this machine; a path of another one says nothing here. */
export async function engineSpace({ docker }: Engine): Promise<ComputersSpace | undefined> {
  const { Name: name, DockerRootDir: path } = (await docker.info()) as {
    Name?: string;
    DockerRootDir?: string;
  };
  return name === hostname() && path !== undefined ? spaceAt(path) : undefined;
}
