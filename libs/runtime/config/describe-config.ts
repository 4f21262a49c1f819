import type { Config } from './load-config.js';
import { maskSecret } from './mask.js';
import { settingNames, settingSources } from './settings.js';

/** A setting for people: secrets are masked, and one that is not set has an empty value. */
export interface ConfigRow {
  setting: string;
  value: string;
  source: string;
}

/** Every setting in force and where it came from, in the order of the documentation. */
export function describeConfig(config: Config): ConfigRow[] {
  return settingNames.map((name) => {
    const value = config[name];
    const text = value === undefined ? '' : String(value);
    return {
      setting: settingSources[name].env,
      value: settingSources[name].secret && text ? maskSecret(text) : text,
      source: config.sources[name] ?? 'not set',
    };
  });
}
