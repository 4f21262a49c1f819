import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { messageOf, systemErrorCode } from '../errors.js';
import { ConfigError } from './config-error.js';
import type { ConfigProblem } from './config-error.js';
import { maskSecret } from './mask.js';
import { settingNames, settingsSchema, settingSources } from './settings.js';
import type { SettingName, Settings } from './settings.js';

/** The settings in force, and where each was set. */
export interface Config extends Readonly<Settings> {
  /** For each setting, its source, such as `the flag --port`; absent when it is set nowhere and has no default. */
  readonly sources: Readonly<Partial<Record<SettingName, string>>>;
}

export interface ConfigInput {
  env: Readonly<Record<string, string | undefined>>;
  /** Command line flags by setting; undefined ones were not given. */
  flags?: Partial<Record<SettingName, string | number>>;
  /** What relative paths start from. Default: the working directory. */
  cwd?: string;
}

interface RawSetting {
  value: string;
  source: string;
}

type RawSettings = Partial<Record<SettingName, RawSetting>>;

/**
 * Reads the configuration: flags win over the environment, that over `config.json` in the home, that over
 * the defaults. An empty variable counts as not set.
 * @throws {ConfigError} naming every setting that is wrong.
 */
export function loadConfig({ env, flags = {}, cwd = process.cwd() }: ConfigInput): Config {
  const toPath = (path: string) => resolve(cwd, path.replace(/^~(?=\/|$)/, env.HOME || homedir()));

  const given = readFlagsAndEnvironment(env, flags);
  const home = toPath(given.home?.value ?? settingSources.home.fallback ?? '.');
  const raw: RawSettings = { ...readDefaults(), ...readConfigFile(join(home, 'config.json')), ...given };

  const parsed = settingsSchema.safeParse(mapRaw(raw, ({ value }) => value));
  if (!parsed.success) {
    throw new ConfigError(
      parsed.error.issues.map((issue) => toProblem(String(issue.path[0]), issue.message, raw)),
    );
  }
  const settings = parsed.data;
  return {
    ...settings,
    home,
    natsServer: settings.natsServer && toPath(settings.natsServer),
    sources: mapRaw(raw, ({ source }) => source),
  };
}

function readFlagsAndEnvironment(
  env: ConfigInput['env'],
  flags: NonNullable<ConfigInput['flags']>,
): RawSettings {
  const raw: RawSettings = {};
  for (const name of settingNames) {
    const variable = settingSources[name].env;
    const flag = flags[name];
    const fromEnv = env[variable];
    if (flag !== undefined) raw[name] = { value: String(flag), source: `the flag --${toKebab(name)}` };
    else if (fromEnv) raw[name] = { value: fromEnv, source: `the environment variable ${variable}` };
  }
  return raw;
}

function readDefaults(): RawSettings {
  const raw: RawSettings = {};
  for (const name of settingNames) {
    const value = settingSources[name].fallback;
    if (value !== undefined) raw[name] = { value, source: 'the default' };
  }
  return raw;
}

function readConfigFile(file: string): RawSettings {
  const content = readJsonObject(file);
  const raw: RawSettings = {};
  const problems: ConfigProblem[] = [];
  const namesByKey = new Map(settingNames.map((name) => [settingSources[name].key, name]));
  for (const [key, value] of Object.entries(content)) {
    const name = namesByKey.get(key);
    if (name) raw[name] = { value: typeof value === 'string' ? value : JSON.stringify(value), source: file };
    else problems.push(unknownKey(key, file));
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return raw;
}

function readJsonObject(file: string): object {
  const unusable = (value: string) =>
    new ConfigError([
      { setting: 'config.json', value, source: file, allowed: 'a readable file with one JSON object' },
    ]);
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    // ENOTDIR: the home is no folder, which is said with more help when it is opened.
    if (['ENOENT', 'ENOTDIR'].includes(systemErrorCode(error) ?? '')) return {};
    throw unusable(`unreadable: ${error instanceof SyntaxError ? 'it is not JSON' : messageOf(error)}`);
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    throw unusable('not an object');
  return content;
}

function unknownKey(key: string, file: string): ConfigProblem {
  const keys = settingNames.flatMap((name) => settingSources[name].key ?? []);
  return { setting: JSON.stringify(key), value: 'not one of ours', source: file, allowed: keys.join(', ') };
}

function toProblem(name: string, allowed: string, raw: RawSettings): ConfigProblem {
  const setting = settingNames.find((candidate) => candidate === name);
  if (!setting) return { setting: name, value: 'unknown', source: 'the configuration', allowed };
  const { env, secret } = settingSources[setting];
  const { value = '', source = 'nowhere' } = raw[setting] ?? {};
  const shown = secret ? maskSecret(value) : JSON.stringify(value);
  return { setting: `${toKebab(setting)} (${env})`, value: shown, source, allowed };
}

function mapRaw<T>(raw: RawSettings, get: (setting: RawSetting) => T): Partial<Record<SettingName, T>> {
  const result: Partial<Record<SettingName, T>> = {};
  for (const name of settingNames) {
    const setting = raw[name];
    if (setting) result[name] = get(setting);
  }
  return result;
}

function toKebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
