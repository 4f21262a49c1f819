import { Agent } from 'node:http';
import { Agent as SecureAgent } from 'node:https';
import Docker from 'dockerode';

export interface Patience {
  /** Milliseconds that an answer may take. */
  quick: number;
  /** The same, where the engine copies, compares or removes files first. */
  slow: number;
}

const PATIENCE: Patience = { quick: 60_000, slow: 600_000 };
const SLOW =
  /^(DELETE |POST \/commit|POST \/images\/|POST \/build|POST \/containers\/create|GET \S+\/changes)/;
/** Answers when a container ends. */
const ENDLESS = /\/wait$/;
/**
 * Tells whether an engine ended its containers by shutting down: then it takes no new connection, but goes on answering
 * on those that it has.
 */
const ON_NEW_CONNECTION = /^GET \/networks\/bridge$/;

interface Request {
  path: string;
  method: string;
  abortSignal?: AbortSignal;
}

type Callback = (error: unknown, answer?: unknown) => void;

interface Modem {
  protocol: string;
  dial(request: Request, callback: Callback): void;
}

/**
 * The engine, with an end to every wait for an answer of it: one that takes requests and does not answer would hold up
 * whoever asks for ever. Streams last as long as they want once they have begun.
 */
export function connectEngine(options?: Docker.DockerOptions, patience = PATIENCE): Docker {
  const docker = new Docker(options);
  const modem = docker.modem as unknown as Modem;
  const usual = modem.dial.bind(modem);
  const agent = modem.protocol === 'https' ? new SecureAgent() : new Agent();
  const anew = modem.dial.bind(Object.assign(Object.create(modem), { agent }));
  modem.dial = (request, callback) => {
    const what = `${request.method} ${request.path.split('?', 1)[0]}`;
    const dial = ON_NEW_CONNECTION.test(what) ? anew : usual;
    if (ENDLESS.test(what)) return dial(request, callback);
    const limit = SLOW.test(what) ? patience.slow : patience.quick;
    const silence = new AbortController();
    let settled = false;
    const settle: Callback = (error, answer) => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      callback(error, answer);
    };
    // Of a connection that is gone after half an answer, the client tells nothing, not even when it is aborted.
    const timer = setTimeout(() => {
      const error = noAnswer(what, limit);
      settle(error);
      silence.abort(error);
    }, limit);
    const signals = [request.abortSignal, silence.signal].filter((signal) => signal !== undefined);
    dial({ ...request, abortSignal: AbortSignal.any(signals) }, settle);
  };
  return docker;
}

function noAnswer(what: string, limit: number): Error {
  const error = new Error(`${what} took more than ${limit / 1000} s`);
  return Object.assign(error, { code: 'ETIMEDOUT' });
}
