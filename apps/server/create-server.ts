import { DiscoveryService, NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import { DesktopStreams } from './desktop/desktop-streams.js';
import { serveStaticFiles } from './desktop/static-files.js';
import { createDocument } from './docs/document.js';
import { documentedRoutes } from './docs/routes.js';
import { createAdapter } from './http/adapter.js';
import { KnownQuery } from './http/known-query.js';
import { Methods } from './http/methods.js';
import { nestLog } from './http/nest-log.js';
import { createValidation } from './http/validation.js';
import { Metrics } from './metrics/metrics.js';
import { DEFAULT_STREAM_LIMITS, type ServerOptions } from './options.js';
import { ProblemFilter } from './problems/problem.filter.js';
import { ServerModule } from './server.module.js';

/**
 * Connections of the port that carry no event stream. Whoever reaches the port can open some without the token; they
 * must not take the descriptors that the service needs for files and commands. The socket in the home counts for itself.
 */
export const CONNECTIONS_BESIDE_STREAMS = 1_000;

/**
 * The server, ready to `listen({ port, host })`; `close()` ends streams and waits, and lets other replies finish.
 * @throws what the modules that the composition adds throw
 */
export async function createServer(options: ServerOptions): Promise<NestFastifyApplication> {
  const methods = new Methods();
  const adapter = createAdapter(options, methods);
  const app = await NestFactory.create<NestFastifyApplication>(ServerModule.register(options), adapter, {
    bodyParser: false,
    abortOnError: false,
    logger: nestLog(options.log),
  });
  app.useGlobalFilters(new ProblemFilter(options.log, methods));
  app.useGlobalGuards(new KnownQuery());
  app.useGlobalPipes(createValidation());
  measureRequests(app);
  const document = createDocument(documentedRoutes(app.get(DiscoveryService)), options.version);
  SwaggerModule.setup('docs', app, document, { jsonDocumentUrl: 'docs/json', raw: ['json'] });
  restrictDocumentation(app);
  await serveStaticFiles(app);
  app.get(DesktopStreams).listenOn(app.getHttpServer());
  const { total } = { ...DEFAULT_STREAM_LIMITS, ...options.streams };
  app.getHttpServer().maxConnections = total + CONNECTIONS_BESIDE_STREAMS;
  await app.init();
  return app;
}

/** The page of the documentation is a library's, whose styles are partly written into it. It loads nothing from elsewhere. */
function restrictDocumentation(app: NestFastifyApplication): void {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  const hook = app.getHttpAdapter().getInstance();
  hook.addHook('onSend', async ({ url }, reply) => {
    if (!/^\/docs(?:[/?]|$)/.test(url)) return;
    reply.headers({ 'Content-Security-Policy': policy, 'X-Content-Type-Options': 'nosniff' });
  });
}

function measureRequests(app: NestFastifyApplication): void {
  const metrics = app.get(Metrics);
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onResponse', (request, reply, done) => {
      const route = request.is404 ? 'none' : (request.routeOptions.url ?? 'none');
      metrics.observe(request.method, route, reply.statusCode, reply.elapsedTime / 1000);
      done();
    });
}
