/**
 * The durable outbox: messages on their way from one process to another (architecture §5). A message is recorded, signed, before it is sent
 * and struck off when its target has a slot for it. What is left after a crash is sent again, the very same message; a scheduler on this
 * node knows it by its id. A message that is refused for good goes to the dead letters, where an operator finds it.
 *
 *     outbox/<process>/<slot, 16 digits>/<key>       →  { target, message, tries, error? }
 *     dead-letters/<process>/<slot, 16 digits>/<key> →  the same, with the last error
 */
import { decode, encode } from '../../core/encode.ts';
import { isMessage, type Message, message } from '../../core/message.ts';
import { type Entry, put, remove, type Store } from '../../stores/store.ts';

export interface Letter {
  readonly process: string;
  readonly slot: number;
  /** Key in the process's outbox. */
  readonly key: string;
  readonly target: string;
  /** Signed. */
  readonly message: Message;
  readonly tries: number;
  readonly error: string | undefined;
}

const open = 'outbox';
const dead = 'dead-letters';

export class Outbox {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Records a letter. When this resolves it survives a crash. */
  async record(letter: Letter): Promise<void> {
    await this.#store.write([put(pathOf(open, letter), encodeLetter(letter))], { durable: true });
  }

  /** The target has it. */
  async strike(letter: Letter): Promise<void> {
    await this.#store.write([remove(pathOf(open, letter))]);
  }

  /** It can't be delivered, and trying again won't help. */
  async bury(letter: Letter, error: string): Promise<void> {
    const last = { ...letter, error };
    const entries: Entry[] = [remove(pathOf(open, letter)), put(pathOf(dead, letter), encodeLetter(last))];
    await this.#store.write(entries);
  }

  /** Puts a dead letter back. False if there is none. */
  async revive(process: string, slot: number, key: string): Promise<Letter | undefined> {
    const path = pathOf(dead, { process, slot, key });
    const bytes = await this.#store.read(path);
    if (bytes === undefined) return undefined;
    const letter = decodeLetter(path.slice(dead.length + 1), bytes);
    await this.#store.write([remove(path), put(pathOf(open, letter), encodeLetter(letter))], { durable: true });
    return letter;
  }

  /** Letters on their way, oldest slots of a process first. */
  waiting(limit?: number): Promise<readonly Letter[]> {
    return this.#list(open, limit);
  }

  deadLetters(limit?: number): Promise<readonly Letter[]> {
    return this.#list(dead, limit);
  }

  async #list(root: string, limit: number | undefined): Promise<readonly Letter[]> {
    const rows = await this.#store.scan(root, limit === undefined ? {} : { limit });
    return rows.map((row) => decodeLetter(row.path, row.value));
  }
}

function pathOf(root: string, { process, slot, key }: Pick<Letter, 'process' | 'slot' | 'key'>): string {
  return `${root}/${process}/${String(slot).padStart(16, '0')}/${encodeURIComponent(key)}`;
}

function encodeLetter(letter: Letter): Uint8Array {
  const { target, tries, error } = letter;
  return encode(message({ target, tries, error, message: letter.message }));
}

function decodeLetter(path: string, bytes: Uint8Array): Letter {
  const [process, slot, key] = path.split('/') as [string, string, string];
  const cell = decode(bytes) as Message;
  const error = cell.get('error');
  const carried = cell.get('message');
  return {
    process,
    slot: Number(slot),
    key: decodeURIComponent(key),
    target: cell.get('target') as string,
    message: isMessage(carried) ? carried : message({}),
    tries: cell.get('tries') as number,
    error: typeof error === 'string' ? error : undefined,
  };
}
