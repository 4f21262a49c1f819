import type { FastifyRequest } from 'fastify';
import type { Problem } from '#contracts';

const DESKTOP_PAGE = /^\/api\/v0\/sessions\/([\w-]+)\/desktop$/;

/** Whether a person asks with a browser for the page of a desktop, and not a program for JSON. */
export function isForReader({
  method,
  url,
  headers,
}: Pick<FastifyRequest, 'method' | 'url' | 'headers'>): boolean {
  return (
    method === 'GET' && DESKTOP_PAGE.test(pathOf(url)) && (headers.accept?.includes('text/html') ?? false)
  );
}

/** Why there is no desktop at this address, as a page. */
export function refusalPage(problem: Problem, url: string): string {
  const { title, text } = describe(problem, url);
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>${escape(title)} · Raworc</title>
    <link rel="icon" href="data:," />
    <link rel="stylesheet" href="../../desktop/page/desktop.css" />
  </head>
  <body>
    <header><h1>Raworc</h1></header>
    <main>
      <section id="notice">
        <h2>${escape(title)}</h2>
        <p>${escape(text)}</p>
      </section>
    </main>
  </body>
</html>
`;
}

function describe({ code, title, detail }: Problem, url: string): { title: string; text: string } {
  if (code !== 'unauthorized') return { title, text: detail };
  const session = DESKTOP_PAGE.exec(pathOf(url))?.[1] ?? 'ID';
  return {
    title: 'This address is not valid any more',
    text: `It works once and within a minute, and the page that it opens for some hours. Get a new one with: raworc session desktop ${session}`,
  };
}

function pathOf(url: string): string {
  return url.split('?', 1)[0] ?? '';
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
