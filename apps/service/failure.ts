/** Why the service did not start: a stable code and a sentence for people. */
export interface Failure {
  code: string;
  message: string;
}

/** Our own errors say what to do; a port in use is the one system error that people meet often. */
export function systemErrorMessage(error: unknown): Failure {
  if (!(error instanceof Error)) return { code: 'internal', message: String(error) };
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') {
    const { port } = error as { port?: number };
    return {
      code: 'port_in_use',
      message: `Port ${port ?? ''} is in use by another program. Set RAWORC_PORT to a free port, or end that program.`,
    };
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return {
      code: 'bind_unavailable',
      message: `${error.message}. Set RAWORC_BIND to an address of this machine.`,
    };
  }
  return { code: code ?? 'internal', message: error.message };
}
