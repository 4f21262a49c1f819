import { RuntimeError } from '../errors.js';

/** One wrong setting. `value` is masked when the setting is a secret. */
export interface ConfigProblem {
  setting: string;
  value: string;
  /** Where the value came from, such as `the environment variable RAWORC_PORT`. */
  source: string;
  allowed: string;
}

/** The configuration cannot be used. Lists everything that is wrong with it, not just the first thing. */
export class ConfigError extends RuntimeError {
  constructor(readonly problems: ConfigProblem[]) {
    super('config_invalid', problems.map(describe).join('\n'));
  }
}

function describe({ setting, value, source, allowed }: ConfigProblem): string {
  return `The setting ${setting} is ${value} (from ${source}). Allowed: ${allowed}.`;
}
