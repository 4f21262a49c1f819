import type { Readable } from 'node:stream';

/** Far more than a shell has to say beside the output of one command. */
const MOST_BYTES = 256 * 1024;

interface Handlers {
  onReport(line: string): void;
  onComplaint(text: string): void;
  /** More came than any shell of ours says. */
  onFlood(): void;
}

/**
 * What a shell says beside the output of its commands: the reports of their ends, and complaints. Its commands can find
 * these channels and write to them as well. Without a limit, a line that never ends would fill the memory of the
 * service, and reading what nobody needs would keep it busy.
 */
export class SideChannels {
  private left = MOST_BYTES;
  private begun = '';

  constructor(
    private readonly reports: Readable,
    private readonly complaints: Readable,
    private readonly handlers: Handlers,
  ) {
    reports.on('data', (chunk: Buffer) => {
      if (this.take(chunk)) this.pushReports(chunk.toString('latin1'));
    });
    complaints.on('data', (chunk: Buffer) => {
      if (this.take(chunk)) handlers.onComplaint(chunk.toString('utf8'));
    });
    for (const stream of [reports, complaints]) stream.on('error', () => undefined);
  }

  /** To be called before each command: the limit is one for each. */
  refill(): void {
    if (this.left >= 0) this.left = MOST_BYTES;
  }

  private take(chunk: Buffer): boolean {
    if (this.left < 0) return false;
    this.left -= chunk.length;
    if (this.left >= 0) return true;
    this.begun = '';
    this.reports.destroy();
    this.complaints.destroy();
    this.handlers.onFlood();
    return false;
  }

  private pushReports(text: string): void {
    const lines = (this.begun + text).split('\n');
    this.begun = lines.pop() ?? '';
    for (const line of lines) this.handlers.onReport(line);
  }
}
