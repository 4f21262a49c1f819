import { randomUUID } from 'node:crypto';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { LIMITS } from '#contracts';
import { DEFAULT_TIMING, type ServerOptions } from '../options.js';
import { isStreamPath } from '../desktop/stream-request.js';
import { createGate } from './authenticate.js';
import { finishRepliesOnClose } from './in-flight.js';
import { acceptJson } from './json-body.js';
import type { Methods } from './methods.js';
import { createReadPosition } from './read-position.js';
import { problem } from '../problems/to-problem.js';

/** Time to receive a whole request: nobody keeps a connection by sending a byte now and then. */
const REQUEST_WITHIN_MS = 120_000;
const LONGEST_PATH_PARAMETER = 512;

/** Fastify with what has to happen before any route: the gate comes first, also for addresses that do not exist. */
export function createAdapter(options: ServerOptions, methods: Methods): FastifyAdapter {
  const { views, timing } = options;
  const adapter = new FastifyAdapter({
    // Others that offer to upgrade, as to HTTP/2, are answered as if they did not.
    http: { shouldUpgradeCallback: ({ url = '' }) => isStreamPath(url) },
    bodyLimit: LIMITS.bodyBytes,
    requestTimeout: REQUEST_WITHIN_MS,
    routerOptions: { maxParamLength: LONGEST_PATH_PARAMETER, ignoreTrailingSlash: true },
    exposeHeadRoutes: false,
    genReqId: () => randomUUID(),
    skipMiddie: true,
    forceCloseConnections: true,
    // A proxy on this machine says for whom it asks; without one, a header could say anything.
    trustProxy: options.publicUrl === undefined ? false : 'loopback',
    frameworkErrors: refuseAddress,
  });
  const fastify = adapter.getInstance();
  methods.learnFrom(fastify);
  acceptJson(fastify);
  finishRepliesOnClose(fastify);
  const gate = createGate(options);
  fastify.addHook('onRequest', (request, _reply, done) => done(gate(request)));
  fastify.addHook('onRequest', createReadPosition(views.runner, { ...DEFAULT_TIMING, ...timing }));
  return adapter;
}

/** The router gives up on what is no address before any hook or filter runs. */
function refuseAddress(error: FastifyError, _request: FastifyRequest, reply: FastifyReply): void {
  void reply
    .status(400)
    .type('application/problem+json')
    .send(problem('malformed_request', `${error.message}.`));
}
