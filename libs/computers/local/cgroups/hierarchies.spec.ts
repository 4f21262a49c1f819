import { describe, expect, it } from '@jest/globals';
import { parseHierarchies } from './hierarchies.js';

describe('the trees of control groups', () => {
  it('are one where all controllers are in version 2', () => {
    const mountinfo = '29 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate';
    expect(parseHierarchies(mountinfo, '0::/user.slice/session-1.scope\n')).toEqual([
      { version: 2, controllers: [], mount: '/sys/fs/cgroup', own: '/user.slice/session-1.scope' },
    ]);
  });

  it('are one for each group of controllers in version 1, beside one of version 2 where it is hybrid', () => {
    const mountinfo = [
      '31 23 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw',
      '32 23 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct',
      '33 23 0:30 / /sys/fs/cgroup/with\\040blank rw - cgroup cgroup rw,pids',
      '34 23 0:31 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd',
    ].join('\n');
    const cgroup = '3:cpu,cpuacct:/a\n2:pids:/b:c\n1:name=systemd:/\n0::/d\n';
    expect(parseHierarchies(mountinfo, cgroup)).toEqual([
      { version: 2, controllers: [], mount: '/sys/fs/cgroup/unified', own: '/d' },
      { version: 1, controllers: ['cpu', 'cpuacct'], mount: '/sys/fs/cgroup/cpu,cpuacct', own: '/a' },
      { version: 1, controllers: ['pids'], mount: '/sys/fs/cgroup/with blank', own: '/b:c' },
      { version: 1, controllers: ['name=systemd'], mount: '/sys/fs/cgroup/systemd', own: '/' },
    ]);
  });

  it('are left out where a container sees another part of them than its own', () => {
    const line = (root: string): string => `29 23 0:26 ${root} /sys/fs/cgroup rw - cgroup2 cgroup2 rw`;
    expect(parseHierarchies(line('/docker/x'), '0::/docker/x/y')).toMatchObject([{ own: '/y' }]);
    expect(parseHierarchies(line('/docker/x'), '0::/docker/x')).toMatchObject([{ own: '/' }]);
    expect(parseHierarchies(line('/docker/x'), '0::/elsewhere')).toEqual([]);
  });
});
