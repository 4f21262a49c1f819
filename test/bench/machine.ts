import { availableParallelism, cpus, totalmem } from 'node:os';

/** Where and when the numbers were taken. */
export interface Machine {
  cpu: string;
  cores: number;
  memory_gib: number;
  node: string;
  nats_server: string;
  /** RFC 3339. */
  date: string;
}

export function describeMachine(natsServer: string): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown processor',
    cores: availableParallelism(),
    memory_gib: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    nats_server: natsServer,
    date: new Date().toISOString(),
  };
}

export function machineLine({ cpu, cores, memory_gib, node, nats_server, date }: Machine): string {
  return `${cpu}, ${cores} cores, ${memory_gib} GiB · Node ${node} · nats-server ${nats_server}, sync_interval always · ${date}`;
}
