import { setTimeout as delay } from 'node:timers/promises';
import Anthropic, { type ClientOptions } from '@anthropic-ai/sdk';
import type { Message, MessageCreateParamsBase } from '@anthropic-ai/sdk/resources/messages';
import type { ContentBlock, Usage } from '#domain';
import type { ModelRequest } from './model-request.js';
import { keptOfCutReply } from './cut-reply.js';
import { BrokenStreamError, explainFailure, ModelError, type ModelFailure } from './model-failure.js';
import { StreamWatch, type StreamLimits } from './stream-watch.js';

export interface ModelOptions extends StreamLimits {
  /** Where the Messages API is; Anthropic's own when left out. */
  baseUrl?: string;
  /** Tries of one request, the first included. */
  attempts: number;
  /** Milliseconds before the second try; doubles from there, up to `maxDelayMs`. */
  firstDelayMs: number;
  /** Longest wait between two tries, also when the API asks for more. */
  maxDelayMs: number;
  /** Milliseconds from the first try to the end of the reply, waits between tries included. */
  totalMs: number;
}

export const MODEL_DEFAULTS: ModelOptions = {
  attempts: 6,
  firstDelayMs: 1_000,
  maxDelayMs: 60_000,
  idleMs: 120_000,
  contentMs: 600_000,
  totalMs: 3_600_000,
};

export interface Asking {
  apiKey: string;
  signal: AbortSignal;
  /** A try begins; text of the try before will not be part of the reply. */
  onAttempt: () => void;
  onText: (text: string) => void;
  /** A try failed and another one follows after `delayMs`. */
  onRetry: (failure: ModelFailure, delayMs: number) => void;
}

export interface ModelResponse {
  model: string;
  /** As it came, to be sent back byte for byte. */
  content: ContentBlock[];
  /** Null when the reply was cut off because the signal aborted. */
  stopReason: string | null;
  usage: Usage;
}

/**
 * Asks the model and streams its reply; tries again when that can help. When the signal aborts, what the model has said
 * by then is the response.
 * @throws ModelError when it failed for good; the signal's reason when it aborted before the model said anything
 */
export async function askModel(
  request: ModelRequest,
  asking: Asking,
  options: ModelOptions,
): Promise<ModelResponse> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(tookTooLong(options)), options.totalMs);
  try {
    return await tryUntil(late.signal, request, asking, options);
  } finally {
    clearTimeout(timer);
  }
}

function tookTooLong({ totalMs }: ModelOptions): ModelError {
  const message = `Claude did not complete its reply within ${totalMs / 1000} s. Post a message to try again.`;
  return new ModelError('model_unavailable', message);
}

async function tryUntil(
  late: AbortSignal,
  request: ModelRequest,
  asking: Asking,
  options: ModelOptions,
): Promise<ModelResponse> {
  for (let attempt = 1; ; attempt++) {
    asking.signal.throwIfAborted();
    asking.onAttempt();
    try {
      return await stream(request, asking, options, late);
    } catch (error) {
      asking.signal.throwIfAborted();
      late.throwIfAborted();
      const failure = explainFailure(error, request.model);
      const message = failure.message.replaceAll(asking.apiKey, '***');
      if (!failure.retryable || attempt >= options.attempts) {
        throw new ModelError(failure.reason, message, { cause: error });
      }
      const delayMs = delayBefore(attempt, failure, options);
      asking.onRetry({ ...failure, message }, delayMs);
      await delay(delayMs, undefined, { signal: AbortSignal.any([asking.signal, late]) }).catch(() => {
        asking.signal.throwIfAborted();
        late.throwIfAborted();
      });
    }
  }
}

/** Exponential with jitter, so that many sessions do not come back at the same moment. */
function delayBefore(attempt: number, { retryAfterMs = 0 }: ModelFailure, options: ModelOptions): number {
  const backoff = options.firstDelayMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
  return Math.min(options.maxDelayMs, Math.max(backoff, retryAfterMs));
}

async function stream(
  request: ModelRequest,
  asking: Asking,
  options: ModelOptions,
  late: AbortSignal,
): Promise<ModelResponse> {
  const watch = new StreamWatch(options);
  const client = new Anthropic(clientOptions(asking.apiKey, watch, options));
  const signal = AbortSignal.any([asking.signal, late, watch.signal]);
  // The log keeps the API's own shapes, of which our types name only what we use.
  const replying = client.messages.stream(request as unknown as MessageCreateParamsBase, { signal });
  let completeBlocks = 0;
  replying.on('text', asking.onText).on('contentBlock', () => (completeBlocks += 1));
  // Pings never get here.
  replying.on('streamEvent', () => watch.heardContent());
  try {
    const message = await replying.finalMessage();
    if (message.stop_reason === null) throw new BrokenStreamError('the reply broke off');
    return responseOf(message);
  } catch (error) {
    const cut = asking.signal.aborted ? cutOff(replying.currentMessage, completeBlocks) : undefined;
    if (cut !== undefined) return cut;
    watch.signal.throwIfAborted();
    throw error;
  } finally {
    watch.stop();
  }
}

/** Retries, timeouts and logging are ours: the SDK's would know nothing of the turn, or write to our output. */
function clientOptions(apiKey: string, watch: StreamWatch, options: ModelOptions): ClientOptions {
  return {
    apiKey,
    authToken: null,
    ...(options.baseUrl === undefined ? {} : { baseURL: options.baseUrl }),
    maxRetries: 0,
    timeout: options.idleMs + 1_000,
    fetch: watch.fetch,
    logLevel: 'off',
  };
}

/** Undefined when nothing was said. */
function cutOff(message: Message | undefined, completeBlocks: number): ModelResponse | undefined {
  if (message === undefined) return undefined;
  const response = responseOf(message);
  const content = keptOfCutReply(response.content, completeBlocks);
  return content.length === 0 ? undefined : { ...response, content };
}

function responseOf({ model, content, stop_reason, usage }: Message): ModelResponse {
  return {
    model,
    // A plain copy: the SDK's blocks compute some of their fields when they are read.
    content: JSON.parse(JSON.stringify(content)) as ContentBlock[],
    stopReason: stop_reason,
    usage: {
      input_tokens: usage.input_tokens,
      output_tokens: usage.output_tokens,
      cache_read_input_tokens: usage.cache_read_input_tokens ?? 0,
      cache_creation_input_tokens: usage.cache_creation_input_tokens ?? 0,
    },
  };
}
