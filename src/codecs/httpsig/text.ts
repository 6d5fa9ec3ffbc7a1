/**
 * Joining pieces of text and bytes. Most messages are text throughout: then the result is a string, and nothing is copied before it is
 * hashed or sent. One piece that is bytes makes the result bytes.
 *
 * Keys may carry escaped bytes (core/bytes.ts); here they become the bytes they stand for.
 */
import { type Binary, concatBytes, keyToBytes } from '../../core/bytes.ts';

export function joinBinaries(pieces: readonly Binary[]): Binary {
  for (const piece of pieces) {
    if (typeof piece !== 'string') {
      return concatBytes(...pieces.map((each) => (typeof each === 'string' ? keyToBytes(each) : each)));
    }
  }
  return plainText((pieces as readonly string[]).join(''));
}

/** Text without escaped bytes as it is, any other as its bytes. */
function plainText(text: string): Binary {
  return text.isWellFormed() ? text : keyToBytes(text);
}

/** The bytes as a `Buffer`, which can search. Shares memory with bytes. */
export function toBuffer(value: Binary): Buffer {
  if (typeof value === 'string') return Buffer.from(value, 'utf8');
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

export function isEmpty(value: Binary): boolean {
  return value.length === 0;
}
