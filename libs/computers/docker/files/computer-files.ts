import { z } from 'zod';
import { ComputerError, type FileEntry } from '../../computer.js';
import { DEFAULT_MAX_BYTES } from '../../local/computer-files.js';
import { hasStatus } from '../engine/engine-error.js';
import { volumeMount } from '../container/container-options.js';
import type { DockerComputer } from '../docker-computer.js';
import { callInHelper } from '../engine/helper.js';
import { type Answer, type CallOptions, callInContainer } from './inside-call.js';
import { FILES, type FilesRequest } from '../inside/files.js';

const listing = z.object({
  entries: z.array(
    z.object({ path: z.string(), type: z.enum(['file', 'directory', 'link']), bytes: z.number().int() }),
  ),
});

export async function readComputerFile(
  computer: DockerComputer,
  path: string,
  max = DEFAULT_MAX_BYTES,
): Promise<Uint8Array> {
  const answer = await callFiles(computer, { verb: 'read', path, max }, 'reading');
  return answer.body;
}

/** Keeps the permissions of a file that it replaces. */
export async function writeComputerFile(
  computer: DockerComputer,
  path: string,
  content: Uint8Array | string,
): Promise<void> {
  const stdin = Buffer.from(content);
  await callFiles(computer, { verb: 'write', path, size: stdin.length }, 'writing', stdin);
}

export async function listComputerFiles(computer: DockerComputer, path: string): Promise<FileEntry[]> {
  const { header } = await callFiles(computer, { verb: 'list', path }, 'listing');
  return listing.parse(header).entries;
}

/** In the container when it runs; else in one that has nothing but the volume. */
async function callFiles(
  computer: DockerComputer,
  request: FilesRequest,
  doing: string,
  stdin?: Uint8Array,
): Promise<Answer> {
  const { path } = request;
  if (path.includes('\0')) {
    throw new ComputerError('path_outside_computer', 'A path cannot contain a NUL character.');
  }
  const { container, settings } = await computer.require();
  const options: CallOptions = { root: settings.root, stdin, doing, subject: path };
  if (container?.State.Running) {
    try {
      return await callInContainer(computer.container, FILES, request, options);
    } catch (error) {
      // It ended meanwhile.
      if (!hasStatus(error, 404, 409)) throw error;
    }
  }
  const mounts = [volumeMount(computer.names.volume, '/session')];
  const { image } = settings;
  return callInHelper(computer.engine, computer.names, FILES, request, { ...options, image, mounts });
}
