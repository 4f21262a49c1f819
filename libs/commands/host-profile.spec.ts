import { describe, expect, it } from '@jest/globals';
import { composePrompt, hostTools } from './host-profile.js';

const plain = { instructions: null, desktop: false, root: false };

describe('what Host is told', () => {
  it('fits what its computer can do', () => {
    expect(composePrompt(plain)).toMatch(/no sudo/);
    expect(composePrompt(plain)).not.toMatch(/screenshot|apt-get/);
    expect(composePrompt({ ...plain, root: true })).toMatch(/apt-get/);
    expect(composePrompt({ ...plain, root: true })).not.toMatch(/no sudo/);
    expect(composePrompt({ ...plain, desktop: true })).toMatch(/1280 by 720.*browser/s);
  });

  it('ends with the instructions of the session, if there are any', () => {
    const instructions = 'Answer in French.';
    expect(composePrompt({ ...plain, instructions })).toBe(
      `${composePrompt(plain)}\n\nInstructions for this session:\n${instructions}`,
    );
    expect(composePrompt({ ...plain, instructions: ' \n' })).toBe(composePrompt(plain));
  });
});

it('gives Host the tools of its computer', () => {
  const types = (desktop: boolean) => hostTools({ desktop, root: false }).map(({ type }) => type);
  expect(types(false)).toEqual(['bash_20250124', 'text_editor_20250728']);
  expect(types(true)).toEqual([...types(false), 'computer_toolset_20260801']);
});
