/** Lets one task run at a time, in the order of the calls. */
export class Mutex {
  private last: Promise<unknown> = Promise.resolve();
  private tasks = 0;

  /** No task runs or waits. */
  get isIdle(): boolean {
    return this.tasks === 0;
  }

  run<T>(task: () => Promise<T>): Promise<T> {
    this.tasks += 1;
    const result = this.last.then(task).finally(() => (this.tasks -= 1));
    this.last = result.catch(() => undefined);
    return result;
  }
}
