import { z, type ZodType } from 'zod';
import * as contracts from '#contracts';
import { streamedEvent } from '../events/streamed-event.js';

type JsonSchema = Record<string, unknown>;

/** Schemas that the documentation names once and refers to. */
const named = new Map<ZodType, string>([
  [contracts.session, 'Session'],
  [contracts.remixedSession, 'RemixedSession'],
  [contracts.messageView, 'Message'],
  [contracts.createSession, 'CreateSession'],
  [contracts.updateSession, 'UpdateSession'],
  [contracts.remixSession, 'RemixSession'],
  [contracts.restoreSession, 'RestoreSession'],
  [contracts.forceState, 'ForceState'],
  [contracts.postMessage, 'PostMessage'],
  [streamedEvent, 'Event'],
]);

const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.enum(Object.keys(contracts.ERROR_CODES)),
  detail: z.string().describe('What happened, with which input, and what to do now.'),
  instance: z.string(),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  from: z.string().optional(),
  to: z.string().optional(),
});

const accepted = z.object({
  sequence: z.int().describe('Ask again with `min_sequence` of this.'),
  session_id: z.string(),
});

/** All named schemas, for `components`. */
export function componentSchemas(): Record<string, JsonSchema> {
  const own = [...named].map(([schema, name]) => [name, toJson(schema)] as const);
  return Object.fromEntries([...own, ['Problem', toJson(problem)], ['Accepted', toJson(accepted)]]);
}

export function schemaRef(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` };
}

/** A schema where it is used: a reference when it has a name. */
export function describeSchema(schema: ZodType): JsonSchema {
  const name = named.get(schema);
  if (name !== undefined) return schemaRef(name);
  if (schema instanceof z.ZodArray)
    return { type: 'array', items: describeSchema(schema.element as ZodType) };
  return toJson(schema);
}

/** The fields of a query, each with its schema. */
export function describeQuery(query: ZodType): { name: string; schema: JsonSchema; description?: string }[] {
  const { properties = {} } = toJson(query) as { properties?: Record<string, JsonSchema> };
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    schema,
    ...(typeof description === 'string' ? { description } : {}),
  }));
}

function toJson(schema: ZodType): JsonSchema {
  const { $schema: _, $defs: __, ...json } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return tidy(json) as JsonSchema;
}

/**
 * Recursive schemas only occur as "any JSON value", which an empty schema says; and that a number is one that
 * JavaScript can hold says nothing.
 */
function tidy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(tidy);
  if (typeof value !== 'object' || value === null) return value;
  if ('$ref' in value) return {};
  const told = Object.entries(value).filter(
    ([, inner]) => Math.abs(Number(inner)) !== Number.MAX_SAFE_INTEGER,
  );
  return Object.fromEntries(told.map(([key, inner]) => [key, tidy(inner)]));
}
