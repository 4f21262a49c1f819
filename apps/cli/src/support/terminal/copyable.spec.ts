import { describe, expect, it } from '@jest/globals';
import { copyable } from './copyable.js';

describe('advice', () => {
  it.each([
    ['See raworc logs; raworc stop and raworc start begin anew.'],
    ['Come back with: raworc session restore quiet-otter-42'],
    ['See the commands with: raworc --help'],
  ])('names npx for those who came by npm: %s', (advice) => {
    const spelled = advice.replaceAll('raworc ', 'npx raworc ');
    for (const event of ['npx', 'start', 'demo'])
      expect(copyable(advice, { npm_lifecycle_event: event })).toBe(spelled);
    expect(copyable(advice, {})).toBe(advice);
    expect(copyable(advice, { npm_lifecycle_event: 'test' })).toBe(advice);
  });

  it.each([
    ['npx raworc start'],
    ['/opt/raworc start'],
    ['docker logs raworc_server --tail 50'],
    ['Raworc starts it'],
    ['raworc is the name of the folder'],
  ])('leaves alone what is no command line of ours: %s', (text) => {
    expect(copyable(text, { npm_lifecycle_event: 'npx' })).toBe(text);
  });
});
