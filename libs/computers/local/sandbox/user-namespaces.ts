import { readFileSync } from 'node:fs';
import type { SandboxProblem } from './problem.js';

/** Settings of the kernel that forbid user namespaces, which a sandbox is made of. */
const SETTINGS: { name: string; forbids: string; permits: string; because: string; remedy: string }[] = [
  {
    name: 'kernel.unprivileged_userns_clone',
    forbids: '0',
    permits: '1',
    because: 'the kernel forbids user namespaces',
    remedy: 'Permit them:',
  },
  {
    name: 'user.max_user_namespaces',
    forbids: '0',
    permits: '10000',
    because: 'the kernel forbids user namespaces',
    remedy: 'Permit them:',
  },
  {
    name: 'kernel.apparmor_restrict_unprivileged_userns',
    forbids: '1',
    permits: '0',
    because: 'AppArmor forbids user namespaces to programs that have no profile',
    remedy:
      'Load the profile bwrap-userns-restrict of the package apparmor-profiles, which permits them to bwrap, or',
  },
];

/** The setting that forbids user namespaces here, if one does; to be asked when a sandbox could not be started. */
export function userNamespacesProblem(
  read: (setting: string) => string | undefined = readSetting,
): SandboxProblem | undefined {
  const found = SETTINGS.find(({ name, forbids }) => read(name) === forbids);
  return (
    found && {
      reason: `bubblewrap is installed, but ${found.because} (${found.name} is ${found.forbids})`,
      remedy: `${found.remedy} run sysctl -w ${found.name}=${found.permits} as root`,
    }
  );
}

function readSetting(name: string): string | undefined {
  try {
    return readFileSync(`/proc/sys/${name.replaceAll('.', '/')}`, 'utf8').trim();
  } catch {
    // A kernel without the setting does not forbid anything by it.
    return undefined;
  }
}
