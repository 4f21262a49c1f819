import { describe, expect, it } from '@jest/globals';
import type { RemixedSession } from '#contracts';
import { describeCopied } from './describe-copied.js';

const COPIED = {
  messages: 2,
  files: 1,
  bytes: 3,
  secrets: 0,
  from_version: 18,
  snapshot_id: 's',
  files_from_version: 18,
  files_fallback: null,
  skipped: [],
  skipped_total: 0,
} satisfies RemixedSession['copied'];

function said(copied: Partial<RemixedSession['copied']>): string[] {
  return describeCopied({ name: 'fork', copied: { ...COPIED, ...copied } } as RemixedSession);
}

describe('describeCopied', () => {
  it('is one line when all came along', () => {
    expect(said({})).toEqual(['fork: copied 2 messages, 1 file (3 bytes), 0 secrets as of version 18.']);
  });

  it('says that files are older than the conversation, and why', () => {
    expect(said({ files_from_version: 11, files_fallback: 'No space is left.' })[1]).toBe(
      'The files are older than the conversation, as of version 11: later ones could not be kept (No space is left.).',
    );
    expect(said({ files_from_version: null, files_fallback: 'No space is left.' })[1]).toMatch(
      /^No files came along: /,
    );
  });

  it('says that files are newer than the conversation, and why', () => {
    expect(said({ files_from_version: 31, files_fallback: 'Its own were deleted.' })[1]).toBe(
      'The files are newer than the conversation, as of version 31. Its own were deleted.',
    );
  });

  it('names what is not among the files, without obeying its name', () => {
    const skipped = [
      { path: 'data/huge', why: 'too_large' },
      { path: 'data/\u001b[31m\ud800', why: 'socket' },
    ];
    expect(said({ skipped, skipped_total: 12 })[1]).toBe(
      'Not among the files: data/huge (too large), data/?[31m? (socket) and 10 more.',
    );
  });
});
