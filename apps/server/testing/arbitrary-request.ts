import fc, { type Arbitrary } from 'fast-check';
import type { DocumentedRoute } from '../docs/routes.js';

export interface FuzzedRequest {
  route: DocumentedRoute;
  reference: string;
  /** In place of any other parameter of the path. */
  parameter: string;
  body: string;
  query: Record<string, string>;
  headers: Record<string, string>;
}

const text = fc.string({ unit: 'binary' });
const metadata = fc.dictionary(text, fc.jsonValue());
const name = fc.oneof(text, fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,8}$/));
const seconds = fc.oneof(fc.nat(1000), fc.integer(), fc.double());

/** What each address takes; values are right now and then. */
const FIELDS: Record<string, Record<string, Arbitrary<unknown>>> = {
  sessions: {
    name,
    metadata,
    secrets: fc.dictionary(fc.constantFrom('A', 'B_C', '1'), text),
    prompt: text,
    timeout_seconds: seconds,
    instructions: fc.option(text),
    setup: text,
    desktop: fc.boolean(),
    limits: fc.record({ cpus: seconds, pids: fc.integer() }, { requiredKeys: [] }),
  },
  '{id}': { name, metadata, timeout_seconds: seconds, instructions: fc.option(text) },
  messages: { content: text, role: fc.constantFrom('user', 'user', 'host'), metadata },
  restore: { prompt: text },
  remix: { at: fc.oneof(fc.nat(9), text), name, data: fc.boolean(), messages: fc.boolean(), prompt: text },
  state: { state: fc.constantFrom('idle', 'closed', 'busy') },
  control: { seconds, lease_id: fc.oneof(fc.uuid(), text) },
};

const nonsense = fc.oneof(
  fc.json({ maxDepth: 4 }),
  text,
  fc.constantFrom(
    '',
    'null',
    '[]',
    '{"__proto__":{"a":1}}',
    '"\\ud800"',
    '{"metadata":{"\\u0000":"\\ud800"}}',
  ),
);

const query = fc.dictionary(
  fc.constantFrom(
    'limit',
    'after',
    'before',
    'state',
    'wait',
    'erase',
    'metadata.x',
    'min_sequence',
    'ticket',
    'lease_id',
    '__proto__',
  ),
  fc.oneof(
    text,
    fc.integer({ min: -2, max: 5 }).map(String),
    fc.constantFrom('idle', 'true', '9007199254740993'),
  ),
  { maxKeys: 3 },
);

const headers = fc.record(
  {
    'content-type': fc.constantFrom('application/json; charset=utf-8', 'text/plain', 'x'),
    'idempotency-key': fc.oneof(fc.stringMatching(/^[!-~]{1,300}$/), fc.constantFrom('k1', 'k2')),
    'last-event-id': fc.stringMatching(/^[!-~]{1,20}$/),
    'if-none-match': fc.stringMatching(/^[!-~]{1,80}$/),
    cookie: fc.stringMatching(/^raworc_desktop=[!-~]{0,80}$/),
    accept: fc.constantFrom('*/*', 'application/json'),
  },
  { requiredKeys: [] },
);

const sometimes = <T>(arbitrary: Arbitrary<T>, otherwise: T): Arbitrary<T> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(otherwise) }, { weight: 1, arbitrary });

/** Requests to every route: right, nearly right, and nonsense. */
export function arbitraryRequest(routes: DocumentedRoute[], references: string[]): Arbitrary<FuzzedRequest> {
  const reference = fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(...references) },
    { weight: 1, arbitrary: text },
  );
  return fc.constantFrom(...routes).chain((route) =>
    fc.record({
      route: fc.constant(route),
      reference,
      parameter: fc.oneof(text, fc.constantFrom('a'.repeat(64), '..', '..%2f..')),
      body: fc.oneof({ weight: 4, arbitrary: rightBody(route) }, { weight: 1, arbitrary: nonsense }),
      query: sometimes(query, {}),
      headers: sometimes(headers, {}),
    }),
  );
}

function rightBody({ path }: DocumentedRoute): Arbitrary<string> {
  const fields = FIELDS[path.split('/').at(-1) ?? ''] ?? {};
  return fc.record(fields, { requiredKeys: [] }).map((value) => JSON.stringify(value));
}
