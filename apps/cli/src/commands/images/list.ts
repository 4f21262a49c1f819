import { RaworcCommand } from '../../support/command.js';
import { imageTable, type ImageState } from '../../support/local-service/image-states.js';
import { runServiceTask } from '../../support/local-service/service-task.js';

export default class ImagesList extends RaworcCommand {
  static override summary = "Show Raworc's container images: what is there, how large and how old";
  static override description =
    'Asks the Docker engine of this machine; the service need not run. An image is outdated when its recipe, or for the service its program, has changed since.';
  static override examples = ['<%= config.bin %> images list', '<%= config.bin %> images list --json'];

  async run(): Promise<ImageState[]> {
    await this.parse(ImagesList);
    const images = await runServiceTask<ImageState[]>(['images', 'list']);
    this.log(imageTable(images));
    if (images.some(({ state }) => state !== 'present')) {
      this.note('To build what is missing or outdated: raworc images build');
    }
    return images;
  }
}
