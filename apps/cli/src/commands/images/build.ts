import { string as arg } from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { RaworcCommand } from '../../support/command.js';
import { imageTable, type ImageState } from '../../support/local-service/image-states.js';
import { runServiceTask } from '../../support/local-service/service-task.js';

const NAMES = ['session', 'session-desktop', 'service', 'nats'];

interface Built {
  /** Names of those that were built now. */
  built: string[];
  images: ImageState[];
}

export default class ImagesBuild extends RaworcCommand {
  static override summary = "Build Raworc's container images that are missing or outdated";
  static override description =
    'session: computers of sessions. session-desktop: the same with a desktop and a browser, made from session. service and nats: Raworc itself, for raworc start --docker. They stand on debian:bookworm-slim where a registry gives it, else on a base made from the package sources of this machine, which has to be Debian then.';
  static override examples = [
    '<%= config.bin %> images build',
    '<%= config.bin %> images build session-desktop',
    '<%= config.bin %> images build session --force',
  ];
  // Several names; oclif's own check of unknown arguments would refuse the second.
  static override strict = false;
  static override args = {
    image: arg({
      description: 'which, several if you like; without one, all of them',
      options: NAMES,
      ignoreStdin: true,
    }),
  };
  static override flags = {
    force: Flags.boolean({ description: 'build what is there as well' }),
    'if-possible': Flags.boolean({
      description: 'where no engine answers or a build fails, say so and go on',
    }),
  };

  async run(): Promise<Built> {
    const { argv, flags } = await this.parse(ImagesBuild);
    const force = flags.force ? ['--force'] : [];
    const ifPossible = flags['if-possible'] ? ['--if-possible'] : [];
    const result = await runServiceTask<Built>(
      ['images', 'build', ...(argv as string[]), ...force, ...ifPossible],
      { onStep: (step) => this.note(step) },
    );
    if (!flags['if-possible']) this.log(describe(result));
    return result;
  }
}

function describe({ built, images }: Built): string {
  const first = built.length === 0 ? 'Nothing to build.' : `Built: ${built.join(', ')}.`;
  return `${first}\n${imageTable(images)}`;
}
