import { RaworcCommand } from '../support/command.js';
import { homePath } from '../support/location/home.js';
import { stopService, type StopResult } from '../support/local-service/stop-service.js';

export default class Stop extends RaworcCommand {
  static override summary = 'Stop the local service';
  static override description =
    'Sessions are kept: at the next start everything is as it was. Of a service in containers, its own containers are removed; the computers of sessions stay. Stopping a service that does not run is no error.';
  static override examples = ['<%= config.bin %> stop'];

  async run(): Promise<StopResult> {
    await this.parse(Stop);
    const result = await stopService(homePath());
    this.log(result.stopped ? 'Raworc has stopped.' : 'Raworc does not run.');
    return result;
  }
}
