import { RaworcCommand } from '../support/command.js';
import { Client } from '../support/http/client.js';

interface Rebuilt {
  events: number;
  seconds: number;
  events_per_second: number;
}

export default class Rebuild extends RaworcCommand {
  static override summary = 'Build all views again from the event log';
  static override description =
    'The service goes on answering from the old views until the new ones are complete.';
  static override examples = ['<%= config.bin %> rebuild'];

  async run(): Promise<Rebuilt> {
    await this.parse(Rebuild);
    const { data } = await new Client().call<Rebuilt>('POST', 'admin/rebuild');
    const { events, seconds, events_per_second: rate } = data;
    this.log(
      `Rebuilt the views from ${events} events in ${seconds.toFixed(2)} s (${Math.round(rate)} events a second).`,
    );
    return data;
  }
}
