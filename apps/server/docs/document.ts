import type { OpenAPIObject } from '@nestjs/swagger';
import { ERROR_CODES, type ErrorCode } from '#contracts';
import type { DocumentedRoute } from './routes.js';
import { componentSchemas, describeQuery, describeSchema, schemaRef } from './schemas.js';

const READ_ERRORS: ErrorCode[] = ['unauthorized', 'view_unavailable'];
const WRITE_ERRORS: ErrorCode[] = ['unauthorized', 'log_unavailable', 'log_full', 'disk_full'];
const BODY_ERRORS: ErrorCode[] = [
  'malformed_json',
  'validation_failed',
  'body_too_large',
  'media_type_unsupported',
];
const ID_ERRORS: ErrorCode[] = ['session_not_found', 'id_ambiguous'];

const DESCRIPTION = `Sessions of Host, a computer-use agent, each on a computer of its own.

\`{id}\` is a session's id, its name, or the beginning of its id (six characters or more). Times are unix seconds with
fraction. Errors are RFC 9457 problem details with a stable \`code\`. Every reply says in \`Raworc-Sequence\` how far on
the log it is; a GET with \`?min_sequence=\` waits until it is at least there. A POST may carry an \`Idempotency-Key\`:
sent again, it gives the first outcome.`;

/** The OpenAPI 3.1 document, from what the routes say of themselves. */
export function createDocument(routes: DocumentedRoute[], version: string): OpenAPIObject {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) (paths[route.path] ??= {})[route.method] = operation(route);
  return {
    openapi: '3.1.0',
    info: { title: 'Raworc', description: DESCRIPTION, version },
    paths: paths,
    components: {
      schemas: componentSchemas(),
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
    security: [{ token: [] }],
  };
}

function operation({ method, path, doc }: DocumentedRoute): object {
  return {
    summary: doc.summary,
    operationId: operationId(method, path),
    parameters: parameters({ method, path, doc }),
    ...(doc.body === undefined ? {} : { requestBody: requestBody(doc) }),
    responses: { ...replies({ method, path, doc }), ...errorReplies(errorsOf({ method, path, doc })) },
  };
}

function operationId(method: string, path: string): string {
  const words = path.replace('/api/v0', 'api').split(/[^A-Za-z]+/);
  return [method, ...words.filter((word) => word !== '')].join('_');
}

function parameters({ method, path, doc }: DocumentedRoute): object[] {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const query = doc.query === undefined ? [] : describeQuery(doc.query);
  const common = method === 'get' && path.includes('/sessions') ? [MIN_SEQUENCE] : [];
  const headers = method === 'post' && path.includes('/sessions') ? [IDEMPOTENCY_KEY] : [];
  return [...inPath, ...query.map((field) => ({ in: 'query', ...field })), ...common, ...headers];
}

const MIN_SEQUENCE = {
  name: 'min_sequence',
  in: 'query',
  description: 'Wait until the reply shows this sequence of the log.',
  schema: { type: 'integer' },
};
const IDEMPOTENCY_KEY = { name: 'Idempotency-Key', in: 'header', schema: { type: 'string', maxLength: 255 } };

function requestBody({ body, bodyOptional = false }: DocumentedRoute['doc']): object {
  return {
    required: !bodyOptional,
    content: { 'application/json': { schema: body && describeSchema(body) } },
  };
}

function replies({ method, path, doc }: DocumentedRoute): Record<string, object> {
  const own = Object.entries(doc.replies).map(([status, reply]) => [status, replyOf(reply, doc.streams)]);
  const lagging = method !== 'get' && path.includes('/sessions');
  return Object.fromEntries(lagging ? [...own, ['202', ACCEPTED]] : own) as Record<string, object>;
}

const ACCEPTED = {
  description: 'Done, but the views do not show it yet.',
  content: { 'application/json': { schema: schemaRef('Accepted') } },
};

function replyOf(reply: DocumentedRoute['doc']['replies'][number], streams = false): object {
  if (reply === undefined) return { description: 'Done.' };
  if (typeof reply === 'string')
    return { description: 'Done.', content: { [reply]: { schema: { type: 'string' } } } };
  const stream = streams ? { 'text/event-stream': { schema: { type: 'string' } } } : {};
  return {
    description: 'Done.',
    content: { 'application/json': { schema: describeSchema(reply) }, ...stream },
  };
}

function errorsOf({ method, path, doc }: DocumentedRoute): ErrorCode[] {
  if (!path.startsWith('/api/v0') || path.endsWith('/version')) return [];
  return [
    ...(doc.errors ?? []),
    ...(path.includes('{id}') ? ID_ERRORS : []),
    ...(doc.query === undefined ? [] : (['validation_failed'] as const)),
    ...(doc.body === undefined ? [] : BODY_ERRORS),
    ...(method === 'get' ? READ_ERRORS : WRITE_ERRORS),
  ];
}

/** One entry a status, naming its codes. */
function errorReplies(codes: ErrorCode[]): Record<string, object> {
  const byStatus = Map.groupBy(new Set(codes), (code) => ERROR_CODES[code].status);
  const entries = [...byStatus].map(([status, those]) => [
    status,
    {
      description: those.map((code) => `\`${code}\`: ${ERROR_CODES[code].title}.`).join(' '),
      content: { 'application/problem+json': { schema: schemaRef('Problem') } },
    },
  ]);
  return Object.fromEntries(entries) as Record<string, object>;
}
