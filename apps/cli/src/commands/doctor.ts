import { RaworcCommand } from '../support/command.js';
import { runChecks, type Report } from '../support/local-service/doctor.js';
import { paint } from '../support/terminal/paint.js';
import { plainText } from '../support/terminal/plain-text.js';
import { table } from '../support/terminal/table.js';
import { copyable } from '../support/terminal/copyable.js';

export default class Doctor extends RaworcCommand {
  static override summary =
    'Check what Raworc needs on this machine, say how to get what is missing, and show the settings';
  static override description =
    'The exit code is 1 when a check fails. Secrets among the settings are masked.';
  static override examples = ['<%= config.bin %> doctor', '<%= config.bin %> doctor --json'];

  async run(): Promise<Report> {
    await this.parse(Doctor);
    const report = await runChecks();
    const { checks, settings } = report;
    if (checks.some(({ ok }) => !ok)) process.exitCode = 1;
    const color = paint(process.stdout);
    const width = Math.max(...checks.map(({ check }) => check.length));
    for (const { check, ok, absent, detail, fix } of checks) {
      if (this.jsonEnabled()) continue;
      const mark = absent ? color.dim('–') : ok ? color.green('✓') : color.red('✗');
      process.stdout.write(`${mark} ${plainText(`${check.padEnd(width)}  ${detail}`)}\n`);
      if (!ok && fix) this.log(`  ${' '.repeat(width)}  → ${copyable(fix)}`);
    }
    if (settings.length > 0) {
      const rows = settings.map(({ setting, value, source }) => [setting, value, source]);
      this.log(`\n${table(['SETTING', 'VALUE', 'FROM'], rows)}`);
    }
    return report;
  }
}
