import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Module, type DynamicModule, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { commandsModule, workingModules } from './modules.js';
import type { Parts } from './parts.js';

const LOG_ANSWERS_WITHIN_MS = 1_000;

@Module({})
class OperatorProcess {
  static register(imports: DynamicModule[]): DynamicModule {
    return { module: OperatorProcess, imports };
  }
}

/** Operator and Host without a server. */
export function startOperator(parts: Parts): Promise<INestApplicationContext> {
  const modules = [commandsModule(parts), ...workingModules(parts)];
  return NestFactory.createApplicationContext(OperatorProcess.register(modules), {
    abortOnError: false,
    logger: false,
  });
}

/** `GET /healthz` on loopback, for who watches over the process: 200 while the log answers. */
export async function startHealth(parts: Parts, port: number): Promise<{ port: number; close(): void }> {
  const server: Server = createServer((_, response) => {
    void answers(parts).then((healthy) => {
      const body = { status: healthy ? 'ok' : 'error' };
      response.writeHead(healthy ? 200 : 503, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answers({ log }: Parts): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), LOG_ANSWERS_WITHIN_MS);
  log.store.info().then(
    () => resolve(true),
    () => resolve(false),
  );
  return promise.finally(() => clearTimeout(timer));
}
