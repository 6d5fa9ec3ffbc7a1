/**
 * What other nodes have scheduled, kept here (spec 04 §2.8, §2.10): a fold that goes over a schedule again, and everybody who asks this node
 * for it, need not ask the other node. What is kept was checked before.
 *
 *     schedule-copies/<process>/<slot, 16 digits>   →  the assignment, with its message
 *
 * Copies are no schedule of this node's: they have no head, may have gaps, and lose nothing by being deleted.
 */
import { decode, encode } from '../../core/encode.ts';
import { isMessage, type Message } from '../../core/message.ts';
import { put, type Store } from '../../stores/store.ts';
import { slotOf } from './formats.ts';
import { slotName } from './slot-name.ts';

export interface ScheduleCopies {
  /** Assignments from slot `from` on, without a gap, up to `to`. */
  range(process: string, from: number, to: number): Promise<readonly Message[]>;
  /** Keeps assignments; gives their size in bytes. They can be read when this resolves; a crash may lose them. */
  keep(process: string, assignments: readonly Message[]): Promise<number>;
}

const root = 'schedule-copies';

export class StoreCopies implements ScheduleCopies {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async range(process: string, from: number, to: number): Promise<readonly Message[]> {
    const out: Message[] = [];
    if (to < from) return out;
    const bounds = { from: slotName(from), limit: to - from + 1 };
    for (const { path, value } of await this.#store.scan(`${root}/${process}`, bounds)) {
      const assignment = decode(value);
      if (Number(path) !== from + out.length || !isMessage(assignment)) break;
      out.push(assignment);
    }
    return out;
  }

  async keep(process: string, assignments: readonly Message[]): Promise<number> {
    let bytes = 0;
    const entries = assignments.map((one) => {
      const cell = encode(one);
      bytes += cell.length;
      return put(`${root}/${process}/${slotName(slotOf(one))}`, cell);
    });
    if (entries.length > 0) await this.#store.write(entries);
    return bytes;
  }
}
