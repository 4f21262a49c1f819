import { describe, expect, it } from '@jest/globals';
import type { ContentBlock } from '#domain';
import { createMemoryStore, type Attachments } from '#event-store';
import type { ModelRequest } from './model-request.js';
import { Pictures } from './pictures.js';

const SESSION = '0199c0de-0000-7000-8000-000000000001';

/** Attachments that count how often they are read. */
function counted(): { attachments: Attachments; reads: () => number } {
  const { attachments } = createMemoryStore();
  let reads = 0;
  const get: Attachments['get'] = (...asked) => {
    reads += 1;
    return attachments.get(...asked);
  };
  return { attachments: { ...attachments, get }, reads: () => reads };
}

const named = (sha256: string): ContentBlock => ({
  type: 'image',
  source: { type: 'attachment', media_type: 'image/jpeg', sha256, bytes: 3 },
});
const shown = (data: string): ContentBlock => ({
  type: 'image',
  source: { type: 'base64', media_type: 'image/jpeg', data },
});
const requestWith = (...content: ContentBlock[]): ModelRequest => ({
  model: 'm',
  max_tokens: 1,
  system: '',
  tools: [],
  messages: [
    { role: 'user', content: 'look' },
    { role: 'user', content },
  ],
  cache_control: { type: 'ephemeral' },
});
const result = (content: unknown): ContentBlock => ({ type: 'tool_result', tool_use_id: 'u', content });

describe('the pictures of a request', () => {
  it('stand where they were named, in results and beside them', async () => {
    const { attachments } = counted();
    const sha256 = await attachments.put(SESSION, Buffer.from('one'));
    const request = requestWith(
      result([{ type: 'text', text: 'x' }, named(sha256)]),
      result('plain'),
      named(sha256),
    );
    const before = structuredClone(request);
    expect(await new Pictures(attachments, 1_000).show(request, SESSION)).toEqual(
      requestWith(result([{ type: 'text', text: 'x' }, shown('b25l')]), result('plain'), shown('b25l')),
    );
    expect(request).toEqual(before);
  });

  it('are said to be gone when they were erased, and belong to one session only', async () => {
    const { attachments } = counted();
    const sha256 = await attachments.put('0199c0de-0000-7000-8000-000000000002', Buffer.from('one'));
    const request = await new Pictures(attachments, 1_000).show(
      requestWith(result([named(sha256)])),
      SESSION,
    );
    const gone = { type: 'text', text: expect.stringContaining('erased') };
    expect(request).toEqual(requestWith(result([gone])));
  });

  it('are read once, as far as the memory goes', async () => {
    const { attachments, reads } = counted();
    const sha256s = await Promise.all(
      ['one', 'two', 'six'].map((it) => attachments.put(SESSION, Buffer.from(it))),
    );
    const request = requestWith(result(sha256s.map(named)));
    const roomy = new Pictures(attachments, 12);
    const first = await roomy.show(request, SESSION);
    expect(await roomy.show(request, SESSION)).toEqual(first);
    expect(reads()).toBe(3);
    const narrow = new Pictures(attachments, 4);
    await narrow.show(request, SESSION);
    expect(await narrow.show(request, SESSION)).toEqual(first);
    expect(reads()).toBe(8);
  });
});
