import * as Flags from '@oclif/core/flags';
import { RaworcCommand } from '../support/command.js';
import { homePath } from '../support/location/home.js';
import { count, describeContainers, findBelongings } from '../support/local-service/belongings.js';
import { confirm } from '../support/local-service/confirm.js';
import { runServiceTask } from '../support/local-service/service-task.js';
import { stopService } from '../support/local-service/stop-service.js';

interface Cleaned {
  /** Names of the containers that were removed; null when it was called off. */
  removed: string[] | null;
}

export default class Clean extends RaworcCommand {
  static override summary = "Stop the service and remove this home's containers; sessions and files stay";
  static override description =
    'Removes the containers of this RAWORC_HOME, running ones too, and nothing that does not carry its labels. Volumes stay, and what was installed in a session is kept as an image; only its processes are lost. The next start makes new containers.';
  static override examples = ['<%= config.bin %> clean', '<%= config.bin %> clean --yes'];
  static override flags = {
    yes: Flags.boolean({ char: 'y', description: 'do not ask' }),
  };

  async run(): Promise<Cleaned> {
    const { flags } = await this.parse(Clean);
    const belongings = await findBelongings();
    const question = `Stop Raworc and remove ${describeContainers(belongings)} of ${homePath()}? Sessions and all that is on their computers stay; running programs end.`;
    if (!flags.yes && !(await confirm(question))) {
      this.log('Nothing was removed.');
      return { removed: null };
    }
    await stopService(homePath());
    const cleaned = await runServiceTask<Cleaned>(['clean']);
    this.log(`Removed ${count(belongings.containers.length, 'container')}. Volumes and sessions are kept.`);
    return { removed: cleaned.removed };
  }
}
