import { describe, expect, it } from '@jest/globals';
import { userNamespacesProblem } from './user-namespaces.js';

describe('a machine that forbids user namespaces', () => {
  it.each([
    ['kernel.unprivileged_userns_clone', '0', 'sysctl -w kernel.unprivileged_userns_clone=1'],
    ['user.max_user_namespaces', '0', 'sysctl -w user.max_user_namespaces=10000'],
    ['kernel.apparmor_restrict_unprivileged_userns', '1', 'bwrap-userns-restrict'],
    [
      'kernel.apparmor_restrict_unprivileged_userns',
      '1',
      'sysctl -w kernel.apparmor_restrict_unprivileged_userns=0',
    ],
  ])('is told by %s = %s', (setting, value, remedy) => {
    const problem = userNamespacesProblem((name) => (name === setting ? value : undefined));
    expect(problem?.reason).toContain('bubblewrap is installed, but');
    expect(problem?.reason).toContain(`${setting} is ${value}`);
    expect(problem?.remedy).toContain(remedy);
  });

  it('is not what a machine that permits them is', () => {
    const permitting: Record<string, string> = {
      'kernel.unprivileged_userns_clone': '1',
      'user.max_user_namespaces': '1000',
      'kernel.apparmor_restrict_unprivileged_userns': '0',
    };
    expect(userNamespacesProblem((name) => permitting[name])).toBeUndefined();
    expect(userNamespacesProblem(() => undefined)).toBeUndefined();
  });
});
