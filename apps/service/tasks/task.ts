/** What a task that the command line starts tells it: lines of JSON on standard output. */
export interface TaskOutput {
  /** What begins now, in a line for people. */
  step: (this: void, message: string) => void;
  /** What came out of it; the last line. */
  result: (this: void, value: unknown) => void;
}

export const taskOutput: TaskOutput = {
  step: (message) => write({ step: message }),
  result: (value) => write({ result: value }),
};

function write(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
