/** What a command is. */
export interface Command {
  readonly name: string;
  /** `spawn FILE.lua` */
  readonly usage: string;
  /** One line. */
  readonly summary: string;
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
