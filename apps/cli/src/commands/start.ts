import * as Flags from '@oclif/core/flags';
import { RaworcCommand } from '../support/command.js';
import { homePath } from '../support/location/home.js';
import { runInForeground, startService, type StartedService } from '../support/local-service/launch.js';

export default class Start extends RaworcCommand {
  static override summary = 'Start the service in the background';
  static override description =
    'Starts what is needed on this machine, the event log included, and waits until it answers. Commands that need the service start it by themselves.';
  static override examples = [
    '<%= config.bin %> start',
    '<%= config.bin %> start --port 9100',
    '<%= config.bin %> start --foreground',
  ];
  static override flags = {
    port: Flags.integer({
      min: 0,
      max: 65_535,
      description: 'TCP port of the REST API; 0 takes any free one',
    }),
    foreground: Flags.boolean({ description: 'run in this terminal until Ctrl-C' }),
  };

  async run(): Promise<StartedService | undefined> {
    const { flags } = await this.parse(Start);
    if (flags.foreground) {
      process.exitCode = await runInForeground(homePath(), flags.port);
      return undefined;
    }
    const service = await startService(homePath(), flags.port);
    const verb = service.already_running ? 'runs already' : 'runs';
    this.log(`Raworc ${verb} at ${service.url} (process ${service.pid}, version ${service.version}).`);
    return service;
  }
}
