import { spawn } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import { connect } from '@nats-io/transport-node';
import { messageOf } from '../errors.js';
import { NatsError } from './nats-error.js';

/** How to start a nats-server, and how to tell that it is ready. */
export interface LaunchOptions {
  binary: string;
  confFile: string;
  logFile: string;
  address: ServerAddress;
  /** How long it may take to recover its store and accept connections. */
  readyTimeoutMs?: number;
  /** Called every ten seconds while it is not ready, with the seconds since it was started. */
  onWaiting?: (seconds: number) => void;
  /** How often that is; only specs are in more of a hurry. */
  reportEveryMs?: number;
  /** Ends the server, where it is not ready yet. */
  signal?: AbortSignal;
}

export interface ServerAddress {
  url: string;
  user: string;
  pass: string;
}

/** A running nats-server. */
export interface ServerProcess {
  pid: number;
  /** Resolves when the process is gone, with a sentence fragment such as `exit code 1` or `signal SIGKILL`. */
  exited: Promise<string>;
  /** Ends it: SIGTERM, and SIGKILL when it is still there after `deadlineMs` (default 5000). */
  stop(deadlineMs?: number): Promise<void>;
  kill9(): Promise<void>;
}

const READY_TIMEOUT_MS = 60_000;
const REPORT_EVERY_MS = 10_000;
const LOG_TAIL_LINES = 12;

/**
 * Starts nats-server and resolves when a client can connect.
 * @throws {NatsError} `nats_server_failed`, with the end of the server's log, when it exits or is not ready in time.
 */
export async function launchServer(options: LaunchOptions): Promise<ServerProcess> {
  const server = await spawnServer(options);
  const stopReporting = reportWaiting(options);
  const ready = await waitUntilReady(server, options).finally(stopReporting);
  if (ready === true) return server;
  await server.kill9();
  throw new NatsError(
    'nats_server_failed',
    `nats-server (${options.binary}) did not start: ${ready}.${await describeLog(options.logFile)}`,
  );
}

async function spawnServer({ binary, confFile, logFile }: LaunchOptions): Promise<ServerProcess> {
  // Opened by us first, so that the log is private from its first byte; early errors go to stderr, the same file.
  const log = await open(logFile, 'a', 0o600);
  // Its own process group: a Ctrl-C at our terminal must reach us alone, and we end the server last.
  const child = spawn(binary, ['-c', confFile], { detached: true, stdio: ['ignore', log.fd, log.fd] });
  const exited = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(messageOf(error)));
    child.once('exit', (code, signal) => resolve(signal ? `signal ${signal}` : `exit code ${code}`));
  });
  await log.close();
  if (child.pid === undefined) {
    throw new NatsError('nats_server_failed', `nats-server (${binary}) cannot be run: ${await exited}.`);
  }

  const kill9 = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  const stop = async (deadlineMs = 5000) => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), deadlineMs);
    await exited;
    clearTimeout(timer);
  };
  return { pid: child.pid, exited, stop, kill9 };
}

function reportWaiting({ onWaiting, reportEveryMs = REPORT_EVERY_MS }: LaunchOptions): () => void {
  if (onWaiting === undefined) return () => undefined;
  const began = Date.now();
  const report = () => onWaiting(Math.round((Date.now() - began) / 1000));
  const timer = setInterval(report, reportEveryMs);
  return () => clearInterval(timer);
}

/** True, or why not. */
async function waitUntilReady(server: ServerProcess, options: LaunchOptions): Promise<true | string> {
  const timeoutMs = options.readyTimeoutMs ?? READY_TIMEOUT_MS;
  const deadline = Date.now() + timeoutMs;
  let gone: string | undefined;
  void server.exited.then((reason) => (gone = reason));

  let lastError = '';
  while (gone === undefined && options.signal?.aborted !== true && Date.now() < deadline) {
    try {
      const connection = await connect({
        ...toClientOptions(options.address),
        reconnect: false,
        timeout: 2000,
      });
      await connection.close();
      // Another server on this port would answer just as well: only a live child of ours counts.
      if (gone === undefined) return true;
    } catch (error) {
      lastError = messageOf(error);
      await pause(25);
    }
  }
  if (options.signal?.aborted === true) return 'it was told to stop while it was starting';
  return gone ?? `no connection within ${timeoutMs / 1000} s (${lastError})`;
}

function toClientOptions({ url, user, pass }: ServerAddress) {
  return { servers: url, user, pass };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function describeLog(logFile: string): Promise<string> {
  const text = await readFile(logFile, 'utf8').catch(() => '');
  const tail = text.trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n  ');
  return tail ? ` The end of its log (${logFile}):\n  ${tail}` : ` Its log (${logFile}) is empty.`;
}
