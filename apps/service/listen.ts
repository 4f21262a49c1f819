import type { AddressInfo } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Config } from '#runtime';

/** An address that clients on this machine can use, whichever addresses the server listens on. */
export interface Address {
  host: string;
  port: number;
}

/**
 * Listens on the configured port. When that is taken and was nobody's choice, on any free one instead, and says so:
 * what asks locally reads the port from the home.
 * @throws EADDRINUSE for a port that somebody chose; EADDRNOTAVAIL, ENOTFOUND for the address
 */
export async function listen(
  app: NestFastifyApplication,
  { port, bind, sources }: Pick<Config, 'port' | 'bind' | 'sources'>,
  tell: (notice: string) => void,
): Promise<Address> {
  try {
    await app.listen(port, bind);
  } catch (error) {
    const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
    if (!taken || sources.port !== 'the default') throw error;
    await app.listen(0, bind);
  }
  const address = app.getHttpServer().address() as AddressInfo;
  if (port !== 0 && address.port !== port) {
    tell(`Port ${port} is in use by another program, so Raworc listens on ${address.port} this time.`);
  }
  return { host: reachableHost(bind), port: address.port };
}

export function urlOf({ host, port }: Address): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** "All addresses" is none that a browser can open. */
function reachableHost(bind: string): string {
  if (/^[0.]+$/.test(bind)) return '127.0.0.1';
  return /^[0:]+$/.test(bind) ? '::1' : bind;
}
