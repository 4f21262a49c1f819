import { describe, expect, it } from '@jest/globals';
import type { Session } from '#contracts';
import { describeSession } from './describe-session.js';

const SESSION: Session = {
  id: '0198f000-0000-7000-8000-000000000001',
  name: 'quiet-otter-1',
  state: 'idle',
  created_by: 'user:local',
  created_at: 1_780_000_000,
  last_activity_at: 1_780_000_000,
  closed_at: null,
  parent_session_id: null,
  remixed_from: null,
  metadata: {},
  model: 'claude-x',
  timeout_seconds: 0,
  auto_close_at: null,
  container_id: null,
  node: null,
  message_count: 0,
  usage: { input_tokens: 0, output_tokens: 0, cache_read_input_tokens: 0, cache_creation_input_tokens: 0 },
  error: null,
  files_not_kept: null,
  keeping: false,
  desktop: false,
  controlled_by: null,
  version: 1,
};

describe('describeSession', () => {
  it('leaves out what there is not', () => {
    const text = describeSession(SESSION);
    expect(text).toContain('State:        idle\n');
    expect(text).toContain('Closes:       never by itself');
    expect(text).not.toMatch(/Error|Desktop|Metadata/);
  });

  it('shows a long error in a column, and when the session was closed', () => {
    const text = describeSession({
      ...SESSION,
      state: 'closed',
      closed_at: 1_780_000_060,
      error: 'It failed:\nlast words',
    });
    expect(text).toContain('State:        closed\nError:        It failed:\n              last words\n');
    expect(text).toMatch(/^Closed: {7}2026-/m);
  });

  it('says that what was installed is still being kept', () => {
    const text = describeSession({ ...SESSION, state: 'closed', keeping: true });
    expect(text).toContain('State:        closed (its computer is still being kept)\n');
  });
});
