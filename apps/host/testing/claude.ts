import { refusal, startMessagesServer, type Answer } from '#stand-in';
import type { ContentBlock } from '#domain';
import type { ModelRequest } from '../model-request.js';

export type { Answer } from '#stand-in';

export interface Claude {
  url: string;
  /** Requests as they came over the wire. */
  requests: (ModelRequest & { key: string | undefined })[];
  /** Resolves when the n-th request (1, 2, …) is there. */
  request(n: number): Promise<ModelRequest>;
  /** Resolves when the client of the n-th request has hung up before the reply was complete. */
  left(n: number): Promise<void>;
  stop(): Promise<void>;
}

/** A stand-in that answers as a spec wants it, request by request, and keeps what it was asked. */
export async function startClaude(
  answers: Answer[] | ((request: ModelRequest, n: number) => Answer | Promise<Answer>),
): Promise<Claude> {
  const requests: Claude['requests'] = [];
  const there: PromiseWithResolvers<ModelRequest>[] = [];
  const left: PromiseWithResolvers<void>[] = [];
  const server = await startMessagesServer({
    answer: ({ body, key, response }) => {
      const request = body as unknown as ModelRequest;
      const n = requests.push({ ...request, key });
      const leaving = (left[n] ??= Promise.withResolvers());
      response.on('close', () => !response.writableFinished && leaving.resolve());
      setImmediate(() => (there[n] ??= Promise.withResolvers()).resolve(request));
      const wanted = typeof answers === 'function' ? answers(request, n) : answers[n - 1];
      return wanted ?? refusal('the spec has no answer to this request');
    },
  });
  return {
    ...server,
    requests,
    request: (n) => (there[n] ??= Promise.withResolvers()).promise,
    left: (n) => (left[n] ??= Promise.withResolvers()).promise,
  };
}

export const text = (words: string): ContentBlock => ({ type: 'text', text: words });

let uses = 0;
export const use = (name: string, input: unknown): ContentBlock => ({
  type: 'tool_use',
  id: `toolu_${++uses}`,
  name,
  input,
});
export const bash = (command: string): ContentBlock => use('bash', { command });
/** A use of the computer toolset. */
export const screen = (member: string, input: unknown = {}): ContentBlock => ({
  ...use(member, input),
  toolset_name: 'computer',
});
