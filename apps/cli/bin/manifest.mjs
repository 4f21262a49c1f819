// Writes oclif.manifest.json after a build: what every command takes, so that running one does not load them all.
import { renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Plugin } from '@oclif/core';
import { settings } from '@oclif/core/settings';

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const file = join(root, 'oclif.manifest.json');
const draft = `${file}.${process.pid}`;

// The commands are read from the build, never from the TypeScript sources.
settings.enableAutoTranspile = false;
const plugin = new Plugin({ root, isRoot: true, ignoreManifest: true, errorOnManifestCreate: true });
await plugin.load();
writeFileSync(draft, `${JSON.stringify(plugin.manifest)}\n`);
renameSync(draft, file);
