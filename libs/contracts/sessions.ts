import { z } from 'zod';
import { LIMITS, NAME_PATTERN } from './limits.js';

const utf8 = new TextEncoder();
const bytesOf = (text: string): number => utf8.encode(text).length;

export const sessionStatus = z.enum(['init', 'idle', 'busy', 'closed']);

const name = z
  .string()
  .regex(NAME_PATTERN, 'a name is 1 to 63 of a-z, 0-9 and "-", and does not begin with "-"')
  .describe('Friendly name, unique over all sessions; usable wherever an id is. Made up when left out.');

const metadata = z
  .record(z.string(), z.json())
  .refine((value) => bytesOf(JSON.stringify(value)) <= LIMITS.metadataBytes, {
    error: `metadata is limited to ${LIMITS.metadataBytes} bytes as JSON`,
  })
  .refine((value) => Object.keys(value).length <= LIMITS.metadataKeys, {
    error: `metadata is limited to ${LIMITS.metadataKeys} keys`,
  })
  .describe('Anything you want to find the session by.');

const NO_NUL = 'must not contain NUL characters: no program can be given one';

const script = z
  .string()
  .refine((value) => !value.includes('\0'), NO_NUL)
  .refine((value) => bytesOf(value) <= LIMITS.scriptBytes, {
    error: `limited to ${LIMITS.scriptBytes} bytes`,
  });

const secrets = z
  .record(
    z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'a secret is named like an environment variable'),
    z
      .string()
      .max(LIMITS.secretBytes)
      .refine((value) => !value.includes('\0'), NO_NUL),
  )
  .refine((value) => Object.keys(value).length <= LIMITS.secrets, {
    error: `at most ${LIMITS.secrets} secrets`,
  })
  .describe(
    'Values that are encrypted in the log. ANTHROPIC_API_KEY is for Host; the others become environment variables of the computer.',
  );

export const message = z
  .string()
  .min(1, 'a message needs content')
  .refine((value) => bytesOf(value) <= LIMITS.messageBytes, {
    error: `a message is limited to ${LIMITS.messageBytes} bytes`,
  });

const timeoutSeconds = z
  .int()
  .min(0)
  .max(LIMITS.timeoutSeconds)
  .describe('Seconds that the session may be idle before it closes by itself; 0 = never.');

const limits = z.strictObject({
  memory_mb: z.int().min(64).max(1_048_576).optional(),
  cpus: z.number().min(0.1).max(256).optional(),
  pids: z.int().min(16).max(1_000_000).optional(),
  disk_mb: z
    .int()
    .min(16)
    .max(104_857_600)
    .optional()
    .describe('What its files may take up on the disk; at most, and by default, RAWORC_MAX_DISK_MB.'),
});

const instructions = script.nullable().describe('Added to what Host is told about its work.');
const prompt = message.optional().describe('First message, posted at once.');
const model = z
  .string()
  .min(1)
  .max(128)
  .refine((value) => !value.includes('\0'), NO_NUL)
  .optional()
  .describe('Claude model; the server has a default.');

export const createSession = z.strictObject({
  name: name.optional(),
  metadata: metadata.optional(),
  secrets: secrets.optional(),
  instructions: instructions.optional(),
  setup: script.nullable().optional().describe('Shell script, run once when the computer is made.'),
  prompt,
  model,
  timeout_seconds: timeoutSeconds.optional(),
  limits: limits.optional(),
  image: z
    .string()
    .min(1)
    .max(512)
    .refine((value) => !value.includes('\0'), NO_NUL)
    .optional()
    .describe('Container image of the computer; the service has a default.'),
  desktop: z
    .boolean()
    .optional()
    .describe(
      'The computer has a screen that Host sees and uses. With an image of your own, one made FROM the desktop image. Default: as the service is set up.',
    ),
  root: z.boolean().optional().describe("Host's tools work as root inside the computer. Default false."),
  network: z
    .enum(['egress', 'none'])
    .optional()
    .describe('"none": the computer reaches nothing but itself. Default "egress".'),
  runtime: z
    .string()
    .regex(/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$/, 'the name of a container runtime')
    .optional()
    .describe('Container runtime of the computer, one that the engine knows. The service has a default.'),
});

export const updateSession = z
  .strictObject({
    name: name.optional(),
    metadata: metadata.optional(),
    timeout_seconds: timeoutSeconds.optional(),
    instructions: instructions.optional(),
  })
  .refine((value) => Object.keys(value).length > 0, {
    error: 'nothing to change: give name, metadata, timeout_seconds or instructions',
  });

export const remixSession = z.strictObject({
  at: z
    .union([z.int().min(1), z.string().min(1).max(64)], {
      error: 'must be a version of the source, which is a whole number, or the id of a message',
    })
    .optional()
    .describe(
      'A version of the source (snapped back to the end of a turn) or a message id (its turn comes along). Default: the last finished turn.',
    ),
  name: name.optional(),
  metadata: metadata.optional(),
  messages: z.boolean().default(true),
  data: z.boolean().default(true),
  code: z.boolean().default(true),
  secrets: z.boolean().default(true),
  prompt,
  model,
  instructions: instructions.optional(),
  timeout_seconds: timeoutSeconds.optional(),
});

export const restoreSession = z.strictObject({ prompt });

/** Recovery: the states one can ask for. */
export const forceState = z.looseObject({ state: z.enum(['idle', 'closed']) });

const unixSeconds = z.number().describe('Unix seconds with fraction.');

export const usage = z
  .object({
    input_tokens: z.int().describe('Read and not cached: a small part of what the model reads.'),
    output_tokens: z.int(),
    cache_read_input_tokens: z.int().describe('Read from the cache of the API.'),
    cache_creation_input_tokens: z.int().describe('Read and put into that cache.'),
  })
  .describe(
    'Tokens as the API bills them. What the model has read is the sum of the three kinds of input tokens.',
  );

export const session = z.object({
  id: z.string(),
  name: z.string(),
  state: sessionStatus,
  created_by: z.string(),
  created_at: unixSeconds,
  last_activity_at: unixSeconds,
  closed_at: unixSeconds.nullable(),
  parent_session_id: z.string().nullable(),
  remixed_from: z.object({ session_id: z.string(), version: z.int() }).nullable(),
  metadata: z.record(z.string(), z.json()),
  model: z.string(),
  timeout_seconds: z.int(),
  auto_close_at: unixSeconds.nullable().describe('When an idle session will close by itself.'),
  container_id: z.string().nullable(),
  /** Where the computer is, with the session's files; null before it was first started. */
  node: z.string().nullable(),
  message_count: z.int(),
  usage,
  error: z.string().nullable(),
  files_not_kept: z
    .string()
    .nullable()
    .describe('What the latest snapshot of the files does not hold, and why. Null: it holds all.'),
  keeping: z
    .boolean()
    .describe(
      'It is closed, and what was installed in its computer is still being kept: do not remove its container yet.',
    ),
  desktop: z.boolean().describe('The computer has a screen: see /screenshot and /desktop.'),
  controlled_by: z.string().nullable().describe('Who uses the desktop instead of Host, if anybody.'),
  version: z.int().describe('Number of events in the session.'),
});

/** The reply to a remix: the new session, and what came along. */
export const remixedSession = session.extend({
  copied: z.object({
    messages: z.int(),
    files: z.int(),
    bytes: z.int(),
    secrets: z.int(),
    from_version: z.int(),
    snapshot_id: z.string().nullable().describe('The snapshot that the files are from; null: none was kept.'),
    files_from_version: z.int().nullable().describe('The version of the source whose files these are.'),
    files_fallback: z
      .string()
      .nullable()
      .describe('Why the files are of another version than from_version, where they are.'),
    skipped: z
      .array(z.object({ path: z.string(), why: z.string() }))
      .describe('What could not be kept of the files of the source, the first 100 of it.'),
    skipped_total: z.int(),
  }),
});

export type CreateSession = z.infer<typeof createSession>;
export type UpdateSession = z.infer<typeof updateSession>;
export type RemixSession = z.infer<typeof remixSession>;
export type Session = z.infer<typeof session>;
export type RemixedSession = z.infer<typeof remixedSession>;
export type SessionState = z.infer<typeof sessionStatus>;
