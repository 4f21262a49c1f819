import { describe, expect, it } from '@jest/globals';
import type { ContentBlock } from '#domain';
import { keptOfCutReply } from './cut-reply.js';

const thinking: ContentBlock = { type: 'thinking', thinking: 'Hm.', signature: 'sig' };
const use: ContentBlock = { type: 'tool_use', id: 'u', name: 'bash', input: {} };
const text = (words: string): ContentBlock => ({ type: 'text', text: words });

describe('of a reply that was cut off', () => {
  it.each<[what: string, blocks: ContentBlock[], complete: number, kept: ContentBlock[]]>([
    ['nothing stays when nothing was said', [], 0, []],
    ['half a thought is dropped', [thinking], 0, []],
    ['a whole thought stays', [thinking], 1, [thinking]],
    ['text stays as far as it came', [thinking, text('I wi')], 1, [thinking, text('I wi')]],
    ['text that says nothing is dropped', [thinking, text(' \n')], 1, [thinking]],
    ['an empty beginning is dropped', [text('La la. '), text('')], 1, [text('La la. ')]],
    ['half a tool use is dropped', [text('I look.\n'), use], 1, [text('I look.\n')]],
    ['whole tool uses stay', [text('I look.\n'), use, use], 2, [text('I look.\n'), use]],
  ])('%s', (_what, blocks, complete, kept) => expect(keptOfCutReply(blocks, complete)).toEqual(kept));
});
