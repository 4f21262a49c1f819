import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ConfigError } from './config-error.js';
import { describeConfig } from './describe-config.js';
import { loadConfig } from './load-config.js';

let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'raworc-config-'));
});

afterEach(() => rmSync(home, { recursive: true }));

function writeConfigFile(content: unknown): void {
  writeFileSync(join(home, 'config.json'), typeof content === 'string' ? content : JSON.stringify(content));
}

function problemsOf(load: () => unknown): ConfigError {
  try {
    load();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('The configuration was accepted.');
}

describe('loadConfig', () => {
  it('has the documented defaults', () => {
    const config = loadConfig({ env: { HOME: home } });
    expect(config).toMatchObject({
      home: join(home, '.raworc'),
      port: 9000,
      bind: '127.0.0.1',
      maxStreams: 1000,
      maxStreamsPerClient: 250,
      maxPids: 16_384,
      maxOpenSessions: 10_000,
      maxSessions: 0,
      computers: 'auto',
      model: 'claude-sonnet-5-5',
      timeoutSeconds: 300,
      snapshotsKeep: 0,
      logLevel: 'info',
    });
    expect(config.natsUrl).toBeUndefined();
    expect(config.replicas).toBeUndefined();
    expect([config.maxMemoryMb, config.maxCpus]).toEqual([undefined, undefined]);
    expect(config.anthropicApiKey).toBeUndefined();
  });

  it('lets flags win over the environment, that over config.json, that over defaults', () => {
    writeConfigFile({ port: 1, bind: '0.0.0.0', timeout_seconds: 7 });
    const env = { RAWORC_HOME: home, RAWORC_PORT: '2', RAWORC_BIND: '::1' };
    const config = loadConfig({ env, flags: { port: 3 } });
    expect(config).toMatchObject({ port: 3, bind: '::1', timeoutSeconds: 7, cpus: 2 });
    expect(config.sources).toMatchObject({
      port: 'the flag --port',
      bind: 'the environment variable RAWORC_BIND',
      timeoutSeconds: join(home, 'config.json'),
      cpus: 'the default',
    });
  });

  it('takes an empty variable as not set', () => {
    const config = loadConfig({ env: { RAWORC_HOME: home, RAWORC_PORT: '', RAWORC_TOKEN: '' } });
    expect(config.port).toBe(9000);
    expect(config.token).toBeUndefined();
  });

  it('resolves paths against the working directory and the user folder', () => {
    const config = loadConfig({
      env: { HOME: '/users/ada', RAWORC_HOME: '~/x', RAWORC_NATS_SERVER: 'bin/nats' },
      cwd: '/w',
    });
    expect(config).toMatchObject({ home: '/users/ada/x', natsServer: '/w/bin/nats' });
  });

  it.each([
    ['RAWORC_PORT', '90000', 'a whole number from 0 to 65535'],
    ['RAWORC_PORT', '9e3', 'a whole number from 0 to 65535'],
    ['RAWORC_TIMEOUT_SECONDS', '-1', 'a whole number from 0 to 31536000'],
    ['RAWORC_MAX_CPUS', 'many', 'a number from 0.1 to 256'],
    ['RAWORC_MAX_OPEN_SESSIONS', '-1', 'a whole number from 0 to 10000000'],
    ['RAWORC_REPLICAS', '0', 'a whole number from 1 to 5'],
    ['RAWORC_COMPUTERS', 'cloud', 'one of auto, local, local-unsafe, docker'],
    ['RAWORC_LOG_LEVEL', 'loud', 'one of fatal, error, warn, info, debug, trace, silent'],
    ['RAWORC_SERVER', 'localhost:9000', 'a URL such as http://127.0.0.1:9000'],
    ['RAWORC_NATS_URL', 'http://x', 'URLs such as nats://'],
    ['ANTHROPIC_BASE_URL', 'nowhere', 'a URL such as https://api.anthropic.com'],
  ])('refuses %s=%s and says what is allowed', (variable, value, allowed) => {
    const error = problemsOf(() => loadConfig({ env: { RAWORC_HOME: home, [variable]: value } }));
    expect(error.code).toBe('config_invalid');
    expect(error.message).toContain(variable);
    expect(error.message).toContain(value);
    expect(error.message).toContain(`the environment variable ${variable}`);
    expect(error.message).toContain(`Allowed: ${allowed}`);
  });

  it('names every wrong setting at once', () => {
    const env = { RAWORC_HOME: home, RAWORC_PORT: 'x', RAWORC_REPLICAS: 'y' };
    expect(problemsOf(() => loadConfig({ env })).problems).toHaveLength(2);
  });

  it('never shows a wrong secret', () => {
    const env = { RAWORC_HOME: home, ANTHROPIC_API_KEY: 'sk-ant two words' };
    expect(problemsOf(() => loadConfig({ env })).message).not.toContain('sk-ant');
  });

  it('refuses an unknown key in config.json and lists the known ones', () => {
    writeConfigFile({ prot: 9000 });
    const error = problemsOf(() => loadConfig({ env: { RAWORC_HOME: home } }));
    expect(error.message).toMatch(/"prot".*config\.json.*port, bind/);
  });

  it.each(['{', '[]', '3'])('refuses a config.json that is %s', (content) => {
    writeConfigFile(content);
    expect(problemsOf(() => loadConfig({ env: { RAWORC_HOME: home } })).message).toContain('one JSON object');
  });
});

describe('describeConfig', () => {
  it('shows values and sources, and masks secrets', () => {
    const env = {
      RAWORC_HOME: home,
      ANTHROPIC_API_KEY: 'sk-ant-secret',
      RAWORC_NATS_URL: 'nats://ada:pw@one:4222,nats://ada:pw@two:4222',
    };
    const rows = describeConfig(loadConfig({ env }));
    expect(rows).toContainEqual({ setting: 'RAWORC_PORT', value: '9000', source: 'the default' });
    expect(rows).toContainEqual({ setting: 'RAWORC_SERVER', value: '', source: 'not set' });
    const natsUrl = rows.find((row) => row.setting === 'RAWORC_NATS_URL');
    expect(natsUrl?.value).toBe('nats://***@one:4222,nats://***@two:4222');
    expect(JSON.stringify(rows)).not.toMatch(/secret|pw/);
  });
});
