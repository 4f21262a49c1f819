import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ApiError } from '#contracts';
import { docOf, type RouteDoc } from '../docs/doc.js';

const METADATA = 'metadata.';

/** Refuses query parameters that a route does not know: a misspelt filter would select everything. */
@Injectable()
export class KnownQuery implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const doc = docOf(context.getHandler());
    if (doc === undefined) return true;
    const { query, method } = context.switchToHttp().getRequest<FastifyRequest>();
    const known = knownTo(doc, method);
    const unknown = Object.keys(query as object).find((key) => !isKnown(key, known));
    if (unknown === undefined) return true;
    const path = unknown.toWellFormed().slice(0, 100);
    const message = `there is no such query parameter here; there ${known.length === 0 ? 'is none' : `are ${known.join(', ')}`}`;
    throw new ApiError('validation_failed', `${path}: ${message}.`, { errors: [{ path, message }] });
  }
}

function knownTo({ query }: RouteDoc, method: string): string[] {
  const own = query instanceof z.ZodObject ? Object.keys(query.shape) : [];
  // Only the list of sessions takes keys beyond its schema.
  const metadata =
    query instanceof z.ZodObject && query.def.catchall !== undefined ? [`${METADATA}<key>`] : [];
  return [...own, ...metadata, ...(method === 'GET' ? ['min_sequence'] : [])];
}

function isKnown(key: string, known: string[]): boolean {
  if (key.startsWith(METADATA)) return known.includes(`${METADATA}<key>`);
  return known.includes(key);
}
