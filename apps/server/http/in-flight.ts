import type { FastifyInstance } from 'fastify';

/** Requests under way get this long to be answered when the server stops. */
const GRACE_MS = 5_000;

/**
 * Lets the server stop without cutting off a reply, and without waiting for connections that carry none: browsers and
 * HTTP clients open some ahead of need.
 */
export function finishRepliesOnClose(fastify: FastifyInstance): void {
  let open = 0;
  let allDone: (() => void) | undefined;
  fastify.addHook('onRequest', (_request, reply, done) => {
    open += 1;
    reply.raw.once('close', () => {
      open -= 1;
      if (open === 0) allDone?.();
    });
    done();
  });
  fastify.addHook('preClose', (done) => {
    const finish = (): void => {
      clearTimeout(timer);
      allDone = undefined;
      done();
    };
    const timer = setTimeout(finish, GRACE_MS);
    if (open === 0) finish();
    else allDone = finish;
  });
}
