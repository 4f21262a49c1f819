/**
 * A line for people while the service starts. The command line that starts it in the background reads these from its
 * output and passes them on.
 */
export function notice(message: string): void {
  const { stderr } = process;
  stderr.write(stderr.isTTY ? `${message}\n` : `${JSON.stringify({ notice: message })}\n`);
}
