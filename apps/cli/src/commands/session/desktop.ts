import * as Flags from '@oclif/core/flags';
import type { DesktopLink } from '#contracts';
import { RaworcCommand } from '../../support/command.js';
import { HOW_TO_OPEN } from '../../support/desktop/how-to-open.js';
import { openBrowser } from '../../support/desktop/open-browser.js';
import { Client } from '../../support/http/client.js';
import { homePath } from '../../support/location/home.js';
import { sessionArg, sessionPath } from '../../support/sessions/flags.js';

export default class SessionDesktop extends RaworcCommand {
  static override summary = "Watch a session's desktop in a browser, or use it";
  static override description =
    'Prints an address that works once, within a minute. The page that it opens goes on for hours.';
  static override examples = [
    '<%= config.bin %> session desktop quiet-otter-42',
    '<%= config.bin %> session desktop quiet-otter-42 --open',
  ];
  static override args = sessionArg;
  static override flags = {
    open: Flags.boolean({ description: 'open the browser of this machine; only in a terminal' }),
  };

  async run(): Promise<DesktopLink> {
    const { args, flags } = await this.parse(SessionDesktop);
    const { data: link } = await new Client().call<DesktopLink>('POST', `${sessionPath(args.id)}/desktop`);
    this.log(link.url);
    if (flags.open && process.stdout.isTTY && !this.jsonEnabled()) await this.#open(link.url);
    else this.note(HOW_TO_OPEN);
    return link;
  }

  async #open(url: string): Promise<void> {
    const problem = await openBrowser(url, homePath());
    if (problem !== undefined) this.note(`No browser was opened: ${problem}. Open the address yourself.`);
  }
}
