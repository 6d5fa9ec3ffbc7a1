/** What a command is. Its name and a summary stand in main.ts, which loads a command only when it is asked for. */
export interface Command {
  help(): string;
  /** Gives the exit code. */
  run(args: readonly string[]): Promise<number>;
}

/** The arguments make no sense: exit code 2. */
export class UsageError extends Error {
  readonly command: string;
  constructor(command: string, message: string) {
    super(message);
    this.command = command;
  }
}
