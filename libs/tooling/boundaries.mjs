// Who may import whom. The linter reads this list while one types; test/boundaries.spec.ts walks the imports of every
// file and proves it.

/** Packages that only some folders may use: everything else goes through their port. */
const GUARDED = {
  '@nats-io/': ['libs/event-store', 'libs/runtime'],
  'better-sqlite3': ['projections'],
  dockerode: ['libs/computers'],
  '@anthropic-ai/sdk': ['apps/host'],
};

/** What each folder may import of ours. */
const ALLOWED = {
  'libs/domain': [],
  'libs/contracts': [],
  'libs/runtime': [],
  'libs/stand-in': [],
  'libs/event-store': ['#domain'],
  'libs/commands': ['#domain', '#contracts', '#event-store'],
  'libs/computers': ['#contracts'],
  'projections/runner': ['#domain', '#event-store'],
  'projections/sessions': ['#domain', '#event-store', '#projections/runner'],
  'projections/messages': ['#domain', '#event-store', '#projections/runner'],
  'projections/commands': ['#domain', '#event-store', '#projections/runner'],
  'apps/cli': ['#contracts'],
  'apps/demo': ['#contracts', '#stand-in'],
};

const OURS = [
  '#domain',
  '#contracts',
  '#runtime',
  '#stand-in',
  '#event-store',
  '#commands',
  '#computers',
  '#projections/runner',
  '#projections/sessions',
  '#projections/messages',
  '#projections/commands',
];

const APPS = ['apps/server', 'apps/operator', 'apps/host', 'apps/service', 'apps/bench'];

/** Nobody imports an app; only the one-process composition does, and the bench through it. */
const APP_IMPORTS = {
  group: [
    '**/apps/*',
    '../../{server,operator,host,cli,service}/**',
    '../{server,operator,host,cli,service}/**',
  ],
  message: 'Nobody imports an app.',
};

export const boundaries = [...Object.keys(ALLOWED), ...APPS].map((folder) => ({
  folder,
  forbidden: [
    ...guardedFor(folder),
    ...oursFor(folder),
    ...(folder === 'apps/service' || folder === 'apps/bench' ? [] : [APP_IMPORTS]),
  ],
}));

function guardedFor(folder) {
  return Object.entries(GUARDED)
    .filter(([, homes]) => !homes.some((home) => folder.startsWith(home)))
    .map(([name]) => ({
      group: [name, `${name}*`, `${name}*/**`],
      message: `${name} belongs to ${GUARDED[name].join(' and ')}.`,
    }));
}

function oursFor(folder) {
  const allowed = ALLOWED[folder];
  if (allowed === undefined) return [];
  return OURS.filter((name) => !allowed.includes(name)).map((name) => ({
    group: [name],
    message: `${folder} may import ${allowed.length === 0 ? 'nothing of ours' : allowed.join(', ')}.`,
  }));
}
