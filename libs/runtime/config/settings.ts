import { z } from 'zod';

/** The images of sessions' computers when none are configured. */
export const DEFAULT_IMAGE = 'raworc/session:latest';
export const DEFAULT_DESKTOP_IMAGE = 'raworc/session-desktop:latest';

/**
 * Every setting, as text from wherever it was set. The message of each rule completes the sentence
 * "allowed: …" of the error that a wrong value gives.
 */
export const settingsSchema = z.object({
  /** Folder of everything this service keeps. An absolute path. */
  home: text('the path of a folder'),
  /** TCP port of the REST server; 0 takes any free one. */
  port: wholeNumber(0, 65_535),
  /** Address the REST server listens on. */
  bind: z.string().regex(/^[A-Za-z0-9.:-]+$/, 'an IP address or a host name of this machine'),
  /** Where HTTP without TLS may be spoken: on this machine, or on every address that `bind` names. */
  plainHttp: oneOf(['loopback', 'everywhere']),
  /** Under which clients reach the server when a proxy is in front, with the prefix that it takes off. */
  publicUrl: url(['http:', 'https:'], 'a URL such as https://example.com/raworc').optional(),
  /** Base URL of the server that the CLI talks to. Absent: the local service of `home`. */
  server: url(['http:', 'https:'], 'a URL such as http://127.0.0.1:9000').optional(),
  /** Bearer token of that server. Absent: the one in `home`. */
  token: z.string().regex(/^\S+$/, 'a token without spaces').optional(),
  /** URLs of a NATS cluster, comma-separated, credentials included. Absent: an embedded nats-server. */
  natsUrl: urlList(
    ['nats:', 'tls:'],
    'URLs such as nats://user:password@host:4222, separated by commas',
  ).optional(),
  /** The nats-server program to start. An absolute path. Absent: one is found. */
  natsServer: text('the path of a nats-server program').optional(),
  /** Copies of the log that the NATS cluster keeps; never lowered. Absent: as they are, and 1 for a new log. */
  replicas: wholeNumber(1, 5).optional(),
  /** Event streams that the server keeps open at once, and those of them that one client's address may have. */
  maxStreams: wholeNumber(1, 100_000),
  maxStreamsPerClient: wholeNumber(1, 100_000),
  /** Where sessions' computers run. */
  computers: oneOf(['auto', 'local', 'local-unsafe', 'docker']),
  /** Container image of a session's computer. */
  image: z.string().regex(/^[\w][\w.:/@-]*$/, 'the name of a container image'),
  /** Images that sessions may name beside these, with `*` for anything. Absent: all that the engine has. */
  images: imageList().optional(),
  /** The same for computers with a desktop. */
  desktopImage: z.string().regex(/^[\w][\w.:/@-]*$/, 'the name of a container image'),
  /**
   * Desktops of sessions that do not say. `auto`: they have one, where containers run, no other image is set, and the
   * desktop's image is there; it starts with its first use. `at-start`: it starts with the computer. `off`: none.
   */
  desktop: oneOf(['auto', 'at-start', 'off']),
  /**
   * Limits of a computer whose session sets none: MiB, processors (1.5 is one and a half), processes. Never more than
   * the maxima below.
   */
  memoryMb: wholeNumber(64, 1_048_576),
  cpus: decimal(0.1, 256),
  pids: wholeNumber(16, 1_000_000),
  /** MiB that a session's files may take up on the disk; 0: as much as there is. */
  maxDiskMb: wholeNumber(0, 104_857_600),
  /** The most that one session may ask for. Absent: the memory and the processors of this machine. */
  maxMemoryMb: wholeNumber(64, 1_048_576).optional(),
  maxCpus: decimal(0.1, 256).optional(),
  maxPids: wholeNumber(16, 1_000_000),
  /** Sessions that are not closed, and sessions that are not deleted; 0 sets no cap. */
  maxOpenSessions: wholeNumber(0, 10_000_000),
  maxSessions: wholeNumber(0, 10_000_000),
  /** Whether containers reach the network, where the session does not say. */
  network: oneOf(['egress', 'none']),
  /** Container runtime of sessions that name none. Absent: the engine's own. */
  runtime: z
    .string()
    .regex(/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$/, 'the name of a container runtime')
    .optional(),
  /** Model of sessions that name none. */
  model: text('the name of a model'),
  /** Key for sessions that bring none of their own. */
  anthropicApiKey: z.string().regex(/^\S+$/, 'a key without spaces').optional(),
  /** Base URL of the model API. Absent: Anthropic's. */
  anthropicBaseUrl: url(['http:', 'https:'], 'a URL such as https://api.anthropic.com').optional(),
  /** Seconds that a reply of the model may bring no content, and that it may take in all, retries included. */
  modelSilenceSeconds: wholeNumber(1, 86_400),
  modelReplySeconds: wholeNumber(1, 86_400),
  /** Seconds without activity after which a session is closed; 0 never closes one. */
  timeoutSeconds: wholeNumber(0, 31_536_000),
  /** Snapshots of a session's files that are kept, the latest ones; 0 keeps all. */
  snapshotsKeep: wholeNumber(0, 1_000_000),
  /** Sequences of events on the log that count for nothing, because they cannot be read or shown. */
  skipEvents: sequences().optional(),
  /** The least severe log line that is written. */
  logLevel: oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']),
});

export type Settings = z.output<typeof settingsSchema>;
export type SettingName = keyof Settings;

interface SettingSource {
  env: string;
  /** Key in `config.json`; `home` has none, since that file lies in it. */
  key?: string;
  fallback?: string;
  secret?: true;
}

/** Where each setting is read from, what it is when set nowhere, and whether it may be shown. */
export const settingSources: Record<SettingName, SettingSource> = {
  home: { env: 'RAWORC_HOME', fallback: '~/.raworc' },
  port: { env: 'RAWORC_PORT', key: 'port', fallback: '9000' },
  bind: { env: 'RAWORC_BIND', key: 'bind', fallback: '127.0.0.1' },
  plainHttp: { env: 'RAWORC_PLAIN_HTTP', key: 'plain_http', fallback: 'loopback' },
  publicUrl: { env: 'RAWORC_PUBLIC_URL', key: 'public_url' },
  server: { env: 'RAWORC_SERVER', key: 'server' },
  token: { env: 'RAWORC_TOKEN', key: 'token', secret: true },
  natsUrl: { env: 'RAWORC_NATS_URL', key: 'nats_url', secret: true },
  natsServer: { env: 'RAWORC_NATS_SERVER', key: 'nats_server' },
  replicas: { env: 'RAWORC_REPLICAS', key: 'replicas' },
  maxStreams: { env: 'RAWORC_MAX_STREAMS', key: 'max_streams', fallback: '1000' },
  maxStreamsPerClient: {
    env: 'RAWORC_MAX_STREAMS_PER_CLIENT',
    key: 'max_streams_per_client',
    fallback: '250',
  },
  computers: { env: 'RAWORC_COMPUTERS', key: 'computers', fallback: 'auto' },
  image: { env: 'RAWORC_IMAGE', key: 'image', fallback: DEFAULT_IMAGE },
  images: { env: 'RAWORC_IMAGES', key: 'images' },
  desktopImage: { env: 'RAWORC_DESKTOP_IMAGE', key: 'desktop_image', fallback: DEFAULT_DESKTOP_IMAGE },
  desktop: { env: 'RAWORC_DESKTOP', key: 'desktop', fallback: 'auto' },
  memoryMb: { env: 'RAWORC_MEMORY_MB', key: 'memory_mb', fallback: '2048' },
  cpus: { env: 'RAWORC_CPUS', key: 'cpus', fallback: '2' },
  pids: { env: 'RAWORC_PIDS', key: 'pids', fallback: '512' },
  maxDiskMb: { env: 'RAWORC_MAX_DISK_MB', key: 'max_disk_mb', fallback: '10240' },
  maxMemoryMb: { env: 'RAWORC_MAX_MEMORY_MB', key: 'max_memory_mb' },
  maxCpus: { env: 'RAWORC_MAX_CPUS', key: 'max_cpus' },
  maxPids: { env: 'RAWORC_MAX_PIDS', key: 'max_pids', fallback: '16384' },
  maxOpenSessions: { env: 'RAWORC_MAX_OPEN_SESSIONS', key: 'max_open_sessions', fallback: '10000' },
  maxSessions: { env: 'RAWORC_MAX_SESSIONS', key: 'max_sessions', fallback: '0' },
  network: { env: 'RAWORC_NETWORK', key: 'network', fallback: 'egress' },
  runtime: { env: 'RAWORC_RUNTIME', key: 'runtime' },
  model: { env: 'RAWORC_MODEL', key: 'model', fallback: 'claude-sonnet-5-5' },
  anthropicApiKey: { env: 'ANTHROPIC_API_KEY', key: 'anthropic_api_key', secret: true },
  anthropicBaseUrl: { env: 'ANTHROPIC_BASE_URL', key: 'anthropic_base_url' },
  modelSilenceSeconds: {
    env: 'RAWORC_MODEL_SILENCE_SECONDS',
    key: 'model_silence_seconds',
    fallback: '600',
  },
  modelReplySeconds: {
    env: 'RAWORC_MODEL_REPLY_SECONDS',
    key: 'model_reply_seconds',
    fallback: '3600',
  },
  timeoutSeconds: { env: 'RAWORC_TIMEOUT_SECONDS', key: 'timeout_seconds', fallback: '300' },
  snapshotsKeep: { env: 'RAWORC_SNAPSHOTS_KEEP', key: 'snapshots_keep', fallback: '0' },
  skipEvents: { env: 'RAWORC_SKIP_EVENTS', key: 'skip_events' },
  logLevel: { env: 'RAWORC_LOG_LEVEL', key: 'log_level', fallback: 'info' },
};

export const settingNames = settingsSchema.keyof().options;

function text(allowed: string) {
  return z.string().trim().min(1, allowed);
}

function wholeNumber(min: number, max: number) {
  const allowed = `a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, allowed)
    .transform(Number)
    .refine((value) => value >= min && value <= max, allowed);
}

function imageList() {
  return z
    .string()
    .regex(
      /^[\w.:/@*-]{1,512}(,[\w.:/@*-]{1,512}){0,99}$/,
      'names of images, separated by commas, such as node:*',
    )
    .transform((value) => value.split(','));
}

function sequences() {
  return z
    .string()
    .regex(/^\d{1,15}(,\d{1,15}){0,999}$/, 'sequences of events, separated by commas, such as 12,57')
    .transform((value) => value.split(',').map(Number));
}

function decimal(min: number, max: number) {
  const allowed = `a number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,6}(\.\d{1,3})?$/, allowed)
    .transform(Number)
    .refine((value) => value >= min && value <= max, allowed);
}

function oneOf<const T extends string>(values: readonly T[]) {
  return z.enum(values, { error: `one of ${values.join(', ')}` });
}

function url(protocols: string[], allowed: string) {
  return z.string().refine((value) => isUrl(value, protocols), allowed);
}

function urlList(protocols: string[], allowed: string) {
  return z
    .string()
    .refine((value) => value.split(',').every((part) => isUrl(part.trim(), protocols)), allowed);
}

function isUrl(value: string, protocols: string[]): boolean {
  return protocols.includes(URL.parse(value)?.protocol ?? '') && URL.parse(value)?.hostname !== '';
}
