import { createHash } from 'node:crypto';
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { ComputerError } from '../../computer.js';
import { filesIn, recipeDigest, type Recipe } from './recipes.js';

/** What is sent to the engine for a build. */
export interface Staged {
  context: string;
  files?: string[];
  dockerfile?: string;
  /** Removes what was made for this build only. */
  remove?: () => Promise<void>;
}

const installedSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({ dev: z.boolean().optional(), devOptional: z.boolean().optional() }),
  ),
});

/**
 * The image of the service holds what this installation runs: its build, and its packages (Node is one of
 * them) without those that only development needs. So nothing is fetched or compiled while it is built.
 */
export async function serviceFiles(root: string): Promise<Staged> {
  if (process.platform !== 'linux') {
    throw new ComputerError(
      'driver_unavailable',
      'The image of Raworc itself is made of the programs on this machine, which takes Linux. Run raworc start without --docker: sessions get containers just the same.',
    );
  }
  const files = ['package.json', 'dist', 'docker', ...(await productionPackages(root))];
  return { context: root, files, dockerfile: 'docker/raworc/Dockerfile' };
}

/** As npm has installed them. */
async function productionPackages(root: string): Promise<string[]> {
  const text = await readFile(join(root, 'node_modules/.package-lock.json'), 'utf8');
  const { packages } = installedSchema.parse(JSON.parse(text));
  const folders = Object.entries(packages)
    .filter(([, { dev, devOptional }]) => !dev && !devOptional)
    .map(([folder]) => folder)
    .sort();
  // A package inside another one comes along with it.
  return folders.filter((folder) => !folders.some((other) => folder.startsWith(`${other}/`)));
}

/** Changes with every build of the service and every installed package. */
export async function serviceDigest(recipe: Recipe, root: string): Promise<string> {
  const hash = createHash('sha256').update(await recipeDigest(recipe, root));
  const paths = [...(await filesIn(join(root, 'dist'))), join(root, 'node_modules/.package-lock.json')];
  for (const path of paths.filter((file) => !/\.(map|built)$/.test(file))) {
    hash.update(`${path.slice(root.length)}\0`);
    hash.update(await readFile(path));
  }
  return hash.digest('hex').slice(0, 16);
}

/** The nats-server of this machine beside the recipe: the same program reads the log with containers and without. */
export async function natsFiles(root: string, natsServer: string | undefined): Promise<Staged> {
  if (natsServer === undefined) {
    throw new ComputerError('driver_unavailable', 'The image of the log needs a nats-server program.');
  }
  const context = await mkdtemp(join(tmpdir(), 'raworc-nats-image-'));
  await copyFile(join(root, 'docker/nats/Dockerfile'), join(context, 'Dockerfile'));
  await copyFile(natsServer, join(context, 'nats-server'));
  return { context, remove: () => rm(context, { recursive: true, force: true }) };
}
