import { existsSync } from 'node:fs';
import * as Flags from '@oclif/core/flags';
import { RaworcCommand } from '../support/command.js';
import { homePath } from '../support/location/home.js';
import {
  count,
  describeContainers,
  findBelongings,
  notLookedAt,
  type Belongings,
} from '../support/local-service/belongings.js';
import { confirm } from '../support/local-service/confirm.js';
import { runServiceTask } from '../support/local-service/service-task.js';
import { stopService } from '../support/local-service/stop-service.js';

interface Removed {
  containers: string[];
  volumes: string[];
  images: string[];
  /** Whether the sessions' network went as well; it stays while another home uses it. */
  network: boolean;
  /** Of the home; config.json stays. */
  files: string[];
  /** Why containers, volumes and images were not looked at, where there may be some; else null. */
  engine_problem: string | null;
}

export default class Reset extends RaworcCommand {
  static override summary =
    'Remove all sessions of this home for good: log, files, containers, volumes, keys';
  static override description =
    'Stops the service, then removes everything that this RAWORC_HOME has: containers, volumes and root filesystems of its sessions that carry its labels, and what lies in the folder, the master key included. config.json and the images of Raworc stay. Other homes and all that is not ours are not touched. It cannot be undone.';
  static override examples = ['<%= config.bin %> reset', '<%= config.bin %> reset --yes'];
  static override flags = {
    yes: Flags.boolean({ char: 'y', description: 'do not ask' }),
  };

  async run(): Promise<{ removed: Removed | null }> {
    const { flags } = await this.parse(Reset);
    const home = homePath();
    if (!existsSync(home)) {
      this.log(`There is nothing at ${home}.`);
      return { removed: null };
    }
    const belongings = await findBelongings();
    const question = questionAbout(home, belongings);
    if (!flags.yes && !(await confirm(question))) {
      this.log('Nothing was removed.');
      return { removed: null };
    }
    await stopService(home);
    const removed = await runServiceTask<Removed>(['reset']);
    if (removed.engine_problem !== null) {
      this.log(`Removed the data in ${home}.`);
      this.note(notLookedAt(removed.engine_problem));
      return { removed };
    }
    this.log(
      `Removed ${count(belongings.containers.length, 'container')}, ${count(removed.volumes.length, 'volume')}, ${count(removed.images.length, 'image')} and the data in ${home}.`,
    );
    return { removed };
  }
}

function questionAbout(home: string, belongings: Belongings): string {
  const { volumes, images, engine_problem: unseen } = belongings;
  const remove = `Remove all sessions of ${home} for good, with`;
  if (unseen !== null) return `${notLookedAt(unseen)}\n${remove} its log and its keys?`;
  return `${remove} ${describeContainers(belongings)}, ${count(volumes.length, 'volume')}, ${count(images.length, 'image')}, its log and its keys?`;
}
