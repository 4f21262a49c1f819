import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply } from 'fastify';

/** Ours: what the desktop's page is made of. */
export const PAGE_FOLDER = new URL('./page/', import.meta.url);

/** Scripts and styles come from this service only, and none is written into the page itself. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  'img-src data: blob:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The files that the page loads: its own, and those of noVNC that a browser runs. */
export async function serveStaticFiles(app: NestFastifyApplication): Promise<void> {
  // The package's door is core/rfb.js; its other files are modules beside it.
  const core = dirname(createRequire(import.meta.url).resolve('@novnc/novnc'));
  await serve(app, fileURLToPath(PAGE_FOLDER), 'page');
  await serve(app, core, 'novnc/core');
  await serve(app, join(core, '..', 'vendor'), 'novnc/vendor');
}

export function sendPage(reply: FastifyReply, html: Buffer | string): FastifyReply {
  return reply
    .type('text/html; charset=utf-8')
    .header('Content-Security-Policy', CONTENT_SECURITY_POLICY)
    .header('Cache-Control', 'no-store')
    .header('Referrer-Policy', 'no-referrer')
    .header('X-Content-Type-Options', 'nosniff')
    .send(html);
}

async function serve(app: NestFastifyApplication, root: string, name: string): Promise<void> {
  await app.register(fastifyStatic, {
    root,
    prefix: `/api/v0/desktop/${name}/`,
    decorateReply: false,
    index: false,
    dotfiles: 'ignore',
    maxAge: '1h',
    allowedPath: (path) => /\.(js|css)$/.test(path),
    setHeaders: (reply) => void reply.header('X-Content-Type-Options', 'nosniff'),
  });
}
