/** A slot as a segment of a path in the store: of fixed width, so that the order of names is the order of slots. */
export function slotName(slot: number): string {
  return String(slot).padStart(16, '0');
}
