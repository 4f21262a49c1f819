import type { SessionContainer } from '../container/session-container.js';
import { FILES } from '../inside/files.js';
import { PersistentHelper } from '../processes/persistent-helper.js';

/** For the C library: what a big file took goes back to the system at once. */
const GIVES_MEMORY_BACK = { MALLOC_MMAP_THRESHOLD_: String(512 << 10) };

/** Reads, writes and lists files as the session's user. Fails with `computer_not_running` where nothing runs. */
export function filesHelper(computer: SessionContainer): PersistentHelper {
  return new PersistentHelper(FILES, async () => {
    const { settings } = await computer.requireRunning();
    return { container: computer.container, root: settings.root, env: GIVES_MEMORY_BACK };
  });
}
