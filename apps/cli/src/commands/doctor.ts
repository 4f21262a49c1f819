import { RaworcCommand } from '../shared/command.js';
import { runChecks, type Report } from '../shared/local-service/doctor.js';
import { paint } from '../shared/terminal/paint.js';

export default class Doctor extends RaworcCommand {
  static override summary = 'Check what Raworc needs on this machine, and say how to get what is missing';
  static override description = 'The exit code is 1 when a check fails.';
  static override examples = ['<%= config.bin %> doctor', '<%= config.bin %> doctor --json'];

  async run(): Promise<Report> {
    await this.parse(Doctor);
    const report = await runChecks();
    const { checks } = report;
    if (checks.some(({ ok }) => !ok)) process.exitCode = 1;
    const color = paint(process.stdout);
    const width = Math.max(...checks.map(({ check }) => check.length));
    for (const { check, ok, detail, fix } of checks) {
      this.log(`${ok ? color.green('✓') : color.red('✗')} ${check.padEnd(width)}  ${detail}`);
      if (!ok && fix) this.log(`  ${' '.repeat(width)}  → ${fix}`);
    }
    return report;
  }
}
