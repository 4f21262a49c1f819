import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';
import { describeWithDocker } from './testing/computers.js';

const FIRST_COMMIT = 'git init -q && git status --short && echo x > f && git add f && git commit -qm first';
const AUTHOR = 'git log -1 --format="%an <%ae>"';

await describeWithDocker('Git in containers', (fixture) => {
  /** As somebody who debugs a session: root, in the folder of its user. */
  const byHand = async (id: string, command: string): Promise<string> => {
    const argv = ['exec', `raworc_session_${id}`, 'sh', '-c', command];
    return (await promisify(execFile)('docker', argv)).stdout;
  };

  it.each([false, true])('works without any configuration (root: %p)', async (root) => {
    const id = await fixture.running({ root });
    await fixture.output(id, `cd code && ${FIRST_COMMIT}`);
    expect(await fixture.output(id, AUTHOR)).toBe('Host <host@session.invalid>\n');
    await fixture.output(id, 'git config --global user.name Ada && git commit -q --allow-empty -m second');
    expect(await fixture.output(id, AUTHOR)).toBe('Ada <host@session.invalid>\n');
  });

  it('works for who enters by docker exec, in repositories of the session and in new ones', async () => {
    const id = await fixture.running();
    await fixture.output(id, `mkdir code/deep code/new && cd code/deep && ${FIRST_COMMIT}`);
    expect(await byHand(id, `cd code/deep && git status --short && ${AUTHOR}`)).toBe(
      'Host <host@session.invalid>\n',
    );
    await byHand(id, `cd code/new && ${FIRST_COMMIT}`);
    expect(await fixture.output(id, `cd /session/code/new && git status --short && ${AUTHOR}`)).toBe(
      'Host <host@session.invalid>\n',
    );
  });
});
