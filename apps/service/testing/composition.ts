import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { promisify } from 'node:util';
import { CONTAINERS } from '../containers/composition.js';
import { findCompose } from '../containers/compose-command.js';

const run = promisify(execFile);

/** Runs the docker command; its output without the newline at the end. */
export async function docker(...args: string[]): Promise<string> {
  const { stdout, stderr } = await run('docker', args, { maxBuffer: 16 * 1024 * 1024 });
  return `${stdout}${args[0] === 'logs' ? stderr : ''}`.trim();
}

/** Whether the engine has this, such as `container` and `volume`. */
export async function exists(kind: 'container' | 'volume' | 'network', thing: string): Promise<boolean> {
  return docker(kind, 'inspect', thing).then(
    () => true,
    () => false,
  );
}

/** Why the composition cannot be shown here: names are fixed, so an engine that runs one is left alone. */
export async function compositionProblem(): Promise<string | undefined> {
  try {
    await docker('image', 'inspect', 'raworc/session:latest');
    await findCompose();
  } catch (error) {
    return String(error instanceof Error ? error.message : error).split('\n')[0];
  }
  for (const container of CONTAINERS) {
    if (await exists('container', container)) return `the container ${container} is there already`;
  }
  return undefined;
}

/** An address that containers reach, for a server on loopback, which they do not. */
export async function openToContainers(target: string): Promise<{ url: string; close(): Promise<void> }> {
  const { port } = new URL(target);
  // Of a network of its own: the engine's default one has no gateway before the engine's second start.
  const network = `raworc_spec_${randomUUID()}`;
  await docker('network', 'create', network);
  const gateway = await docker(
    'network',
    'inspect',
    network,
    '--format',
    '{{(index .IPAM.Config 0).Gateway}}',
  );
  const server: Server = createServer((incoming) => {
    const onward = connect(Number(port), '127.0.0.1');
    incoming.pipe(onward).pipe(incoming);
    for (const socket of [incoming, onward]) socket.on('error', () => socket.destroy());
  });
  server.listen(0, gateway);
  await once(server, 'listening');
  return {
    url: `http://${gateway}:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.close();
      await docker('network', 'rm', network);
    },
  };
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
