import { writeFile } from 'node:fs/promises';

/** What a nats-server of ours is started with. */
export interface ServerConf {
  port: number;
  storeDir: string;
  logFile: string;
  user: string;
  pass: string;
  /**
   * Bytes that the log may take. Left out, nats-server takes three quarters of what is free when it starts, which on a
   * full disk is less than it has stored already.
   */
  maxFileStore?: number;
}

/**
 * Writes the configuration file, readable by its owner only: it holds the password, which so stays out of
 * the process list. `sync_interval: always` makes an acknowledged event one that is on disk.
 */
export async function writeServerConf(file: string, conf: ServerConf): Promise<void> {
  await writeFile(file, renderServerConf(conf), { mode: 0o600 });
}

export function renderServerConf(conf: ServerConf): string {
  return `# Written by Raworc at every start; changes are lost.
server_name: raworc
listen: "127.0.0.1:${conf.port}"
max_payload: 8MB
log_file: ${JSON.stringify(conf.logFile)}
log_size_limit: 10MB
log_max_num: 3
authorization {
  user: ${JSON.stringify(conf.user)}
  password: ${JSON.stringify(conf.pass)}
}
jetstream {
  store_dir: ${JSON.stringify(conf.storeDir)}
  sync_interval: always${conf.maxFileStore === undefined ? '' : `\n  max_file_store: ${conf.maxFileStore}`}
}
`;
}
