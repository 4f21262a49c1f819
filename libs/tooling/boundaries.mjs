// Who may import whom, as rules for the linter. test/boundaries.spec.ts reads the same table, walks every import and
// proves it.
import { readFileSync } from 'node:fs';

const { guarded, allowed, mayImportApps } = JSON.parse(
  readFileSync(new URL('./boundaries.json', import.meta.url)),
);

const ours = Object.keys(allowed)
  .filter((folder) => !folder.startsWith('apps/'))
  .map((folder) => `#${folder.replace(/^libs\//, '')}`);

export const boundaries = Object.keys(allowed).map((folder) => ({
  folder,
  forbidden: [...guardedFor(folder), ...oursFor(folder), ...appsFor(folder)],
}));

/** Packages that only some folders may use: everything else goes through their port. */
function guardedFor(folder) {
  return Object.entries(guarded)
    .filter(([, homes]) => !homes.some((home) => folder.startsWith(home)))
    .map(([name, homes]) => ({
      group: [`${name}*`, `${name}*/**`],
      message: `${name} belongs to ${homes.join(' and ')}.`,
    }));
}

function oursFor(folder) {
  const may = allowed[folder];
  if (may === 'any lib') return [];
  return ours
    .filter((name) => !may.includes(name))
    .map((name) => ({
      group: [name],
      message: `${folder} may import ${may.join(', ') || 'nothing of ours'}.`,
    }));
}

function appsFor(folder) {
  if (folder in mayImportApps) return [];
  return [
    {
      regex: '^\\.\\./(\\.\\./)*(server|operator|host|cli|service|demo)/',
      message: 'Nobody imports an app.',
    },
  ];
}
