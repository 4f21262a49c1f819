/** Linux's numbers of the errors that mean something to a caller; the service itself may run on another system. */
export const ERRNO_NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'EPERM'],
  [2, 'ENOENT'],
  [6, 'ENXIO'],
  [13, 'EACCES'],
  [20, 'ENOTDIR'],
  [28, 'ENOSPC'],
  [40, 'ELOOP'],
  [122, 'EDQUOT'],
]);
