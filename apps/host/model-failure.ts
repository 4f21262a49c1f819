import { APIConnectionError, APIError } from '@anthropic-ai/sdk';
import type { TurnFailure } from '#domain';

/** Why a request to the model failed, for the turn and for the person who reads it. */
export interface ModelFailure {
  reason: TurnFailure;
  /** A sentence for people: what happened and what to do. */
  message: string;
  /** The same request may succeed later. */
  retryable: boolean;
  /** How long the API asks to wait, in milliseconds. */
  retryAfterMs?: number;
}

/** The connection was silent for too long, or closed before the reply was complete. */
export class BrokenStreamError extends Error {
  override readonly name = 'BrokenStreamError';
}

/** A request to the model that failed for good. */
export class ModelError extends Error {
  override readonly name = 'ModelError';
  constructor(
    readonly reason: TurnFailure,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Errors that come as an event in the middle of a stream have a type but no status. */
const STATUS_OF_TYPE: Partial<Record<string, number>> = {
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  rate_limit_error: 429,
};
const RETRYABLE_STATUSES = new Set([408, 409, 429]);
const TOO_LONG =
  /prompt is too long|context (window|length|limit)|too many (tokens|images)|too much media|exceeds? .*token/i;

/** What to do with a conversation that is too long for the model: nothing of it can be taken out of its middle. */
export const SHORTEN =
  'Clear its messages (`raworc api sessions/ID/messages -m DELETE`; the files stay), or go on in a remix: from an ' +
  'earlier point (`raworc session remix ID --at VERSION`) or with the files alone (`--no-messages`).';

export function explainFailure(error: unknown, model: string): ModelFailure {
  if (!isAnswer(error)) {
    const said = error instanceof Error ? innermost(error).message : String(error);
    return unavailable(`the connection failed (${said})`);
  }
  const status = error.status ?? STATUS_OF_TYPE[error.type ?? ''] ?? 500;
  const said = error.apiMessage ?? `status ${status}`;
  if (RETRYABLE_STATUSES.has(status) || status >= 500) {
    const failure = unavailable(`${said} (${status})`);
    const final = error.headers?.get('x-should-retry') === 'false';
    return { ...failure, retryable: !final, retryAfterMs: retryAfterMs(error.headers) };
  }
  return { ...rejection(status, said, model), retryable: false };
}

/** The API answered, with an error. */
function isAnswer(error: unknown): error is APIError {
  return error instanceof APIError && !(error instanceof APIConnectionError);
}

function unavailable(what: string): ModelFailure {
  const message = `Claude could not be reached: ${what}. Post a message to try again.`;
  return { reason: 'model_unavailable', message, retryable: true };
}

function rejection(status: number, said: string, model: string): Pick<ModelFailure, 'reason' | 'message'> {
  switch (status) {
    case 401:
      return {
        reason: 'model_key_rejected',
        message: `Anthropic does not accept the API key (${said}). Check ANTHROPIC_API_KEY: the session's secret of that name, else the service's.`,
      };
    case 402:
      return {
        reason: 'model_rejected',
        message: `Anthropic refused for a reason of billing: ${said}. Check the account that the API key belongs to.`,
      };
    case 403:
      return {
        reason: 'model_key_rejected',
        message: `The API key may not do this: ${said}. Use another ANTHROPIC_API_KEY, or another model than ${model}.`,
      };
    case 404:
      return {
        reason: 'model_rejected',
        message: `Anthropic does not know the model ${model}: ${said}. Create or remix the session with another model.`,
      };
    case 413:
      return tooLong(said);
    default:
      if (TOO_LONG.test(said)) return tooLong(said);
      return { reason: 'model_rejected', message: `Claude did not accept the request (${status}): ${said}` };
  }
}

function tooLong(said: string): Pick<ModelFailure, 'reason' | 'message'> {
  const message = `The conversation is too long for the model (${said}). ${SHORTEN}`;
  return { reason: 'context_limit', message };
}

/** Seconds, milliseconds or a date, as the header has it. */
function retryAfterMs(headers: Headers | undefined): number | undefined {
  const ms = Number.parseFloat(headers?.get('retry-after-ms') ?? '');
  if (Number.isFinite(ms)) return Math.max(0, ms);
  const after = headers?.get('retry-after') ?? '';
  const seconds = Number.parseFloat(after);
  const wait = /^[\d.]+$/.test(after) ? seconds * 1000 : Date.parse(after) - Date.now();
  return Number.isFinite(wait) ? Math.max(0, wait) : undefined;
}

/** "Connection error." says nothing; its cause does. */
function innermost(error: Error): Error {
  return error.cause instanceof Error ? innermost(error.cause) : error;
}
