import { isIP } from 'node:net';
import { RuntimeError, type Config } from '#runtime';

/**
 * Whoever listens on the way could read the token and all that is said, since the server speaks HTTP without TLS.
 * @throws RuntimeError `bind_exposed`
 */
export function requirePrivateBind({ bind, plainHttp }: Pick<Config, 'bind' | 'plainHttp'>): void {
  if (plainHttp === 'everywhere' || isLoopback(bind)) return;
  throw new RuntimeError(
    'bind_exposed',
    `RAWORC_BIND is ${bind}, where Raworc would speak HTTP without TLS to other machines. Leave it at 127.0.0.1 and put a proxy that ends TLS in front (docs/proxy.md), or set RAWORC_PLAIN_HTTP=everywhere on a network that you trust.`,
  );
}

function isLoopback(bind: string): boolean {
  if (isIP(bind) === 4) return bind.startsWith('127.');
  return bind === 'localhost' || /^(?:0*:)*0*1$/.test(bind) || /^::ffff:127\./i.test(bind);
}
