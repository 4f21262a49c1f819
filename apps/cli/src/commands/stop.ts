import { RaworcCommand } from '../support/command.js';
import { CliError } from '../support/errors/cli-error.js';
import { homePath } from '../support/location/home.js';
import { findRunningService, stopProcess } from '../support/local-service/service-process.js';

const STOP_DEADLINE_MS = 30_000;

interface StopResult {
  stopped: boolean;
  pid: number | null;
}

export default class Stop extends RaworcCommand {
  static override summary = 'Stop the local service';
  static override description =
    'Sessions are kept: at the next start everything is as it was. Stopping a service that does not run is no error.';
  static override examples = ['<%= config.bin %> stop'];

  async run(): Promise<StopResult> {
    await this.parse(Stop);
    const service = await findRunningService(homePath());
    if (service === undefined) {
      this.log('Raworc does not run.');
      return { stopped: false, pid: null };
    }
    if (!(await stopProcess(service.pid, STOP_DEADLINE_MS))) {
      throw new CliError(
        'stop_timed_out',
        `Process ${service.pid} still runs after ${STOP_DEADLINE_MS / 1000} s.`,
        {
          hint: `See what it does with raworc logs, or end it: kill -9 ${service.pid}. Nothing acknowledged is lost.`,
        },
      );
    }
    this.log('Raworc has stopped.');
    return { stopped: true, pid: service.pid };
  }
}
