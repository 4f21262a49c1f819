import * as Flags from '@oclif/core/flags';
import { RaworcCommand } from '../support/command.js';
import { homePath } from '../support/location/home.js';
import { OLDER_BUILD, runsAnotherBuild } from '../support/local-service/build.js';
import { startInContainers, type StartedContainers } from '../support/local-service/containers.js';
import { runInForeground, startService, type StartedService } from '../support/local-service/launch.js';
import { isUnconfined, startsUnconfined, UNCONFINED } from '../support/local-service/unconfined.js';

export default class Start extends RaworcCommand {
  static override summary = 'Start the service in the background';
  static override description =
    'Starts what is needed on this machine, the event log included, and waits until it answers. Commands that need the service start it by themselves. With --docker the service itself runs in containers (raworc_nats, raworc_server, raworc_operator) that come back when the machine restarts; it works on the same home, so the same sessions are there.';
  static override examples = [
    '<%= config.bin %> start',
    '<%= config.bin %> start --port 9100',
    '<%= config.bin %> start --foreground',
    '<%= config.bin %> start --docker',
  ];
  static override flags = {
    port: Flags.integer({
      min: 0,
      max: 65_535,
      description: 'TCP port of the REST API; 0 takes any free one',
    }),
    foreground: Flags.boolean({ description: 'run in this terminal until Ctrl-C', exclusive: ['docker'] }),
    docker: Flags.boolean({ description: 'run the service in containers of its own, with Docker Compose' }),
  };

  async run(): Promise<StartedService | StartedContainers | undefined> {
    const { flags } = await this.parse(Start);
    if (flags.foreground) {
      if (startsUnconfined()) this.note(UNCONFINED);
      process.exitCode = await runInForeground(homePath(), flags.port);
      return undefined;
    }
    if (flags.docker) return this.startInContainers(flags.port);
    const service = await startService(homePath(), flags.port);
    const verb = service.already_running ? 'runs already' : 'runs';
    const where = service.pid === null ? 'in containers' : `process ${service.pid}`;
    this.log(`Raworc ${verb} at ${service.url} (${where}, version ${service.version}).`);
    if (isUnconfined(service)) this.note(UNCONFINED);
    if (service.already_running && service.pid !== null && runsAnotherBuild(service)) this.note(OLDER_BUILD);
    return service;
  }

  private async startInContainers(port: number | undefined): Promise<StartedContainers> {
    const service = await startInContainers(homePath(), port, (step) => this.note(step));
    const verb = service.already_running ? 'runs already' : 'runs';
    this.log(`Raworc ${verb} at ${service.url} (in containers, version ${service.version}).`);
    return service;
  }
}
