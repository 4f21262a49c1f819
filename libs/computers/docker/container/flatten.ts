import type { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { type Engine, settled } from '../engine/engine.js';
import { LABELS, type SessionNames } from '../engine/naming.js';
import { follow } from '../images/build.js';

/** Engines refuse images of more than about 125 layers, and commits add one each. */
export const MOST_LAYERS = 100;

/**
 * Gives the session's own image anew, with the same files and configuration in few layers. It shares none of them with
 * other images any more. Until it is there the one before keeps the name, so a failure loses nothing.
 */
export async function flattenRootImage(engine: Engine, names: SessionNames): Promise<void> {
  const { docker } = engine;
  const { Config: config } = await docker.getImage(names.rootImage).inspect();
  const files = await withContainer(
    engine,
    { Image: names.rootImage, Cmd: ['true'], NetworkDisabled: true },
    (container) => importFiles(engine, container, names),
  );
  // An import takes its configuration as lines of a Dockerfile only, which not every value can be written in.
  await withContainer(engine, { ...config, Image: files }, (container) =>
    container.commit({
      _query: { ...names.rootTag, container: container.id },
      _body: config,
    }),
  );
}

/** Modes, owners, times, links and capabilities of files stay as they are. Resolves to the id of an image without a name. */
async function importFiles(
  { docker, home }: Engine,
  container: Docker.Container,
  { sessionId }: SessionNames,
): Promise<string> {
  const lost = new AbortController();
  const files = (await container.export()) as Readable;
  files.once('error', (error) => lost.abort(error));
  // By these, the session's end and that of the home find what a failure leaves behind.
  const changes = `LABEL ${LABELS.session}=${sessionId} ${LABELS.home}=${JSON.stringify(home)}`;
  try {
    const said = await docker.importImage(files, { changes, abortSignal: lost.signal });
    let id = '';
    await follow(docker, said, ({ status }) => (id = status ?? id));
    return id;
  } finally {
    files.destroy();
  }
}

/** One that is never started, and no session's: it has the marks of the home only. */
async function withContainer<T>(
  { docker, home }: Engine,
  options: Docker.ContainerCreateOptions,
  work: (container: Docker.Container) => Promise<T>,
): Promise<T> {
  const Labels = { [LABELS.managed]: 'true', [LABELS.home]: home };
  const container = await docker.createContainer({ ...options, Labels });
  try {
    return await work(container);
  } finally {
    await settled(container.remove({ force: true, v: true }));
  }
}
