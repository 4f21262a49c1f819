import { z } from 'zod';
import { ComputerError, type FileEntry } from '../../computer.js';
import { DEFAULT_MAX_BYTES } from '../../local/computer-files.js';
import { hasCode } from '../../local/errno.js';
import { hasStatus } from '../engine/engine-error.js';
import { volumeMount } from '../container/container-options.js';
import type { DockerComputer } from '../docker-computer.js';
import { callInHelper } from '../engine/helper.js';
import { HelperEnded } from '../processes/helper-connection.js';
import { helperArgv } from '../processes/persistent-helper.js';
import { type Doing, checkHeader, programFailed } from './inside-call.js';
import { FILES, type FilesRequest } from '../inside/files.js';

const TIMEOUT_MS = 60_000;
/** Of the names in one folder. */
const LISTING_BYTES = 64 << 20;

const listing = z.array(
  z.object({ path: z.string(), type: z.enum(['file', 'directory', 'link']), bytes: z.number().int() }),
);

interface FilesCall {
  doing: string;
  /** Bytes that the answer may have. */
  maxBytes: number;
  content?: Uint8Array;
}

export function readComputerFile(
  computer: DockerComputer,
  path: string,
  max = DEFAULT_MAX_BYTES,
): Promise<Uint8Array> {
  return callFiles(computer, { verb: 'read', path, max }, { doing: 'reading', maxBytes: max });
}

/** Keeps the permissions of a file that it replaces. */
export async function writeComputerFile(
  computer: DockerComputer,
  path: string,
  written: Uint8Array | string,
): Promise<void> {
  const content = typeof written === 'string' ? Buffer.from(written) : written;
  const request: FilesRequest = { verb: 'write', path, size: content.length };
  await callFiles(computer, request, { doing: 'writing', maxBytes: 0, content });
}

export async function listComputerFiles(computer: DockerComputer, path: string): Promise<FileEntry[]> {
  const call = { doing: 'listing', maxBytes: LISTING_BYTES };
  const body = await callFiles(computer, { verb: 'list', path }, call);
  return listing.parse(JSON.parse(body.toString('utf8')));
}

/** In the container when it runs; else in one that has nothing but the volume. */
async function callFiles(computer: DockerComputer, request: FilesRequest, call: FilesCall): Promise<Buffer> {
  const { path } = request;
  if (path.includes('\0')) {
    throw new ComputerError('path_outside_computer', 'A path cannot contain a NUL character.');
  }
  try {
    return await callHelper(computer, request, call);
  } catch (error) {
    // It does not run, or ended meanwhile.
    if (!hasStatus(error, 404, 409) && !hasCode(error, 'computer_not_running')) throw error;
  }
  return callContainer(computer, request, call);
}

/** A write that was lost with the helper may have happened; done again it leaves the same. */
async function callHelper(
  computer: DockerComputer,
  request: FilesRequest,
  { doing, maxBytes, content }: FilesCall,
): Promise<Buffer> {
  const about: Doing = { doing, subject: request.path };
  try {
    const { header, body } = await computer.files.callAgain(request, {
      timeoutMs: TIMEOUT_MS,
      maxBytes,
      content,
    });
    checkHeader(header, about);
    return body;
  } catch (error) {
    if (!(error instanceof HelperEnded)) throw error;
    // It may have ended with its computer, which is then what there is to say.
    await computer.requireRunning();
    throw programFailed(error.reason, about);
  }
}

async function callContainer(
  computer: DockerComputer,
  request: FilesRequest,
  { doing, content }: FilesCall,
): Promise<Buffer> {
  const { settings } = await computer.require();
  const called = callInHelper(computer.engine, computer.names, helperArgv(FILES), {
    image: settings.image,
    mounts: [volumeMount(computer.names.volume, '/session')],
    root: settings.root,
    stdin: [Buffer.from(`${JSON.stringify(request)}\n`), ...(content ? [content] : [])],
    doing,
    subject: request.path,
  });
  try {
    return (await called).body;
  } catch (error) {
    // A session that was deleted meanwhile took its volume and the helper with it.
    if (hasCode(error, 'driver_unavailable')) await computer.require();
    throw error;
  }
}
