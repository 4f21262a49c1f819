import { DiscoveryService, NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import { createDocument } from './docs/document.js';
import { documentedRoutes } from './docs/routes.js';
import { createAdapter } from './http/adapter.js';
import { Methods } from './http/methods.js';
import { createValidation } from './http/validation.js';
import { Metrics } from './metrics/metrics.js';
import type { ServerOptions } from './options.js';
import { ProblemFilter } from './problems/problem.filter.js';
import { ServerModule } from './server.module.js';

/**
 * The server, ready to `listen({ port, host })`; `close()` ends streams and waits first, then answers what is left.
 * @throws what the modules throw that the composition adds
 */
export async function createServer(options: ServerOptions): Promise<NestFastifyApplication> {
  const methods = new Methods();
  const adapter = createAdapter(options, methods);
  const app = await NestFactory.create<NestFastifyApplication>(ServerModule.register(options), adapter, {
    bodyParser: false,
    abortOnError: false,
    logger: ['error', 'warn', 'fatal'],
  });
  app.useGlobalFilters(new ProblemFilter(options.log, methods));
  app.useGlobalPipes(createValidation());
  measureRequests(app);
  const document = createDocument(documentedRoutes(app.get(DiscoveryService)), options.version);
  SwaggerModule.setup('docs', app, document, { jsonDocumentUrl: 'docs/json', raw: ['json'] });
  await app.init();
  return app;
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
