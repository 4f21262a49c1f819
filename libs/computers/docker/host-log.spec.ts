import { expect, it } from '@jest/globals';
import { eventually } from '../../../test/support/eventually.js';
import { describeWithDocker } from './testing/computers.js';

await describeWithDocker('Host’s log on the output of containers', (fixture) => {
  const printed = async (id: string): Promise<string[]> => {
    const frames = await fixture.docker
      .getContainer(`raworc_session_${id}`)
      .logs({ stdout: true, stderr: true, follow: false });
    return frames.toString('latin1').match(/line-\d/g) ?? [];
  };
  const shows = (id: string, ...lines: string[]) =>
    eventually(async () => JSON.stringify(await printed(id)) === JSON.stringify(lines));
  const turnTo = (file: string): string => `ln -sfT ${file} logs/next && mv -T logs/next 'logs/host_*.log'`;

  it('follows its link from file to file, and does not say again what it said', async () => {
    const id = await fixture.running();
    await fixture.output(id, `echo line-1 > logs/host_1.log; ${turnTo('host_1.log')}`);
    await shows(id, 'line-1');
    await fixture.output(id, 'echo line-2 >> logs/host_1.log');
    await shows(id, 'line-1', 'line-2');
    await fixture.output(id, `echo line-3 > logs/host_2.log; ${turnTo('host_2.log')}`);
    await shows(id, 'line-1', 'line-2', 'line-3');

    await fixture.computers.stop(id);
    await fixture.computers.start(id);

    await fixture.output(id, `echo line-4 > logs/host_3.log; ${turnTo('host_3.log')}`);
    await shows(id, 'line-1', 'line-2', 'line-3', 'line-4');
    expect(await fixture.output(id, `cat '/session/logs/host_*.log'`)).toBe('line-4\n');
  });

  it('says nothing of its own when computers stop, with and without programs', async () => {
    const id = await fixture.running();
    await fixture.computers.stop(id);
    await fixture.computers.start(id);
    await fixture.output(id, 'sleep 300 & true');
    await fixture.computers.stop(id);
    const output = await fixture.docker
      .getContainer(`raworc_session_${id}`)
      .logs({ stdout: true, stderr: true, follow: false });
    expect(output.toString('latin1')).toBe('');
  });
});
