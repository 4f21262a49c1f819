import type { FastifyInstance } from 'fastify';

/** Knows which methods each address takes, for a request with another one. */
export class Methods {
  private readonly byPattern = new Map<string, { pattern: RegExp; methods: Set<string> }>();

  /** Has to be called before the routes are registered. */
  learnFrom(fastify: FastifyInstance): void {
    fastify.addHook('onRoute', ({ method, url }) => {
      const entry = this.byPattern.get(url) ?? { pattern: patternOf(url), methods: new Set() };
      for (const one of [method].flat()) entry.methods.add(one.toUpperCase());
      this.byPattern.set(url, entry);
    });
  }

  of(path: string): string[] {
    const matching = [...this.byPattern.values()].filter(({ pattern }) => pattern.test(path));
    return [...new Set(matching.flatMap(({ methods }) => [...methods]))].sort();
  }
}

function patternOf(url: string): RegExp {
  const parts = url
    .split('/')
    .map((part) => (part.startsWith(':') ? '[^/]+' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')));
  return new RegExp(`^${parts.join('/')}/?$`);
}
