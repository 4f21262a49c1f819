/** One tree of control groups, and where this process is in it. */
export interface Hierarchy {
  version: 1 | 2;
  /** Of version 1 only: a tree of version 2 tells of its controllers itself. */
  controllers: string[];
  /** Where it is mounted. */
  mount: string;
  /** The group of this process below the mount, `/` for the mount itself. */
  own: string;
}

/** Reads /proc/self/mountinfo and /proc/self/cgroup. Trees of which this process sees only a part are left out. */
export function parseHierarchies(mountinfo: string, cgroup: string): Hierarchy[] {
  const memberships = cgroup
    .split('\n')
    .map((line) => /^\d+:([^:]*):(.*)$/.exec(line))
    .filter((match) => match !== null)
    .map(([, controllers = '', path = '']) => ({ controllers: controllers.split(','), path }));
  return mountinfo.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const [, , , root = '', mount = ''] = before.split(' ').map(unescaped);
    const [type, , options = ''] = after.split(' ');
    if (type !== 'cgroup' && type !== 'cgroup2') return [];
    const version = type === 'cgroup2' ? 2 : 1;
    const member = memberships.find(({ controllers }) =>
      version === 2
        ? controllers.join() === ''
        : controllers.some((name) => options.split(',').includes(name)),
    );
    const own = member && below(member.path, root);
    if (!member || own === undefined) return [];
    return [{ version, controllers: version === 2 ? [] : member.controllers, mount, own } as const];
  });
}

/** A container's mount shows its own group as the root of the tree. */
function below(path: string, root: string): string | undefined {
  if (root === '/' || root === path) return root === '/' ? path : '/';
  return path.startsWith(`${root}/`) ? path.slice(root.length) : undefined;
}

function unescaped(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(parseInt(code, 8)));
}
