/**
 * The query of a request target as keys of the request message (spec 03 §2.1, spec 01 §5.2): form-urlencoded, `+` is a space, a name
 * without `=` is `true`. Types in names (`n+integer=1`) and positions (`2.k=v`) are read later, by the HyperPATH parser.
 */
import { binary, keyFromBytes } from '../core/bytes.ts';
import { isPrivateKey } from '../core/message.ts';
import type { Value } from '../core/value.ts';

/** Sets the keys of `query` in `into`; private ones are left out. */
export function readQuery(query: string, into: Map<string, Value>): void {
  for (const pair of query.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const key = keyFromBytes(formDecode(equals < 0 ? pair : pair.slice(0, equals)));
    if (key === '' || isPrivateKey(key)) continue;
    into.set(key, equals < 0 ? true : binary(formDecode(pair.slice(equals + 1))));
  }
}

const plain = /^[A-Za-z0-9\-._~!$'()*,;:@/?]*$/;

/** The bytes that form-urlencoded text stands for. A malformed escape is taken as it is: the path parser reports it. */
function formDecode(text: string): Uint8Array {
  if (plain.test(text)) return new Uint8Array(Buffer.from(text, 'latin1'));
  const out: number[] = [];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const escaped = code === 0x25 ? Number.parseInt(text.slice(i + 1, i + 3), 16) : Number.NaN;
    if (code === 0x25 && /^[0-9a-f]{2}$/i.test(text.slice(i + 1, i + 3))) {
      out.push(escaped);
      i += 2;
    } else out.push(code === 0x2b ? 0x20 : code);
  }
  return Uint8Array.from(out);
}
