/**
 * Forms as browsers and `curl -F` send them: `multipart/form-data` with an unquoted boundary and part headers in any case. AO's own multipart
 * (spec 02 §2.4) quotes its boundary and is read by the httpsig codec; the two are told apart by that.
 *
 * A field becomes a key with its text; a file becomes a message `{filename, content-type, body}`; a repeated name becomes a list.
 */
import { binary, keyFromBytes } from '../core/bytes.ts';
import type { Environment } from '../core/environment.ts';
import { raise } from '../core/errors.ts';
import { isPrivateKey, message } from '../core/message.ts';
import type { Value } from '../core/value.ts';

/** The boundary of a browser's form, if the content type is one. */
export function formBoundary(contentType: string): string | undefined {
  const match = /^multipart\/form-data\s*;(?:.*;)?\s*boundary=([^\s";,]{1,70})\s*(?:;|$)/i.exec(contentType);
  return match?.[1];
}

/** The fields of a form. */
export function readForm(body: Uint8Array, boundary: string, env: Environment): Map<string, Value> {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const delimiter = Buffer.from(`--${boundary}`, 'latin1');
  // All values of a name: one that is repeated a hundred thousand times is not copied each time.
  const fields = new Map<string, Value[]>();
  let at = bytes.indexOf(delimiter);
  if (at < 0) malformed('The boundary does not occur.');
  for (let count = 0; ; count++) {
    if (count > env.limits.maxKeys) raise('limit-exceeded', `A form has more than ${env.limits.maxKeys} fields.`);
    const start = at + delimiter.length;
    if (bytes.subarray(start, start + 2).toString('latin1') === '--') return single(fields);
    const next = bytes.indexOf(delimiter, start);
    if (next < 0) malformed('The last part has no end.');
    addPart(fields, bytes.subarray(start, next));
    at = next;
  }
}

/** One part, from after its delimiter to before the next. */
function addPart(fields: Map<string, Value[]>, part: Buffer): void {
  const headEnd = part.indexOf('\r\n\r\n');
  if (!part.subarray(0, 2).equals(lineEnd) || headEnd < 0 || !part.subarray(-2).equals(lineEnd))
    malformed('A part has no head.');
  const head = part.subarray(2, headEnd).toString('latin1');
  const content = part.subarray(headEnd + 4, part.length - 2);
  let disposition = '';
  let type: string | undefined;
  for (const line of head.split('\r\n')) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    if (name === 'content-disposition') disposition = line.slice(colon + 1);
    else if (name === 'content-type') type = line.slice(colon + 1).trim();
  }
  const name = parameter(disposition, 'name');
  if (name === undefined) malformed('A part has no name.');
  const key = keyFromBytes(Buffer.from(name, 'latin1'));
  if (isPrivateKey(key)) return;
  const filename = parameter(disposition, 'filename');
  // A part of a body keeps the whole body alive: copy.
  const text = binary(Uint8Array.from(content));
  const value: Value =
    filename === undefined
      ? text
      : message({ filename: binary(Buffer.from(filename, 'latin1')), 'content-type': type, body: text });
  const before = fields.get(key);
  if (before === undefined) fields.set(key, [value]);
  else before.push(value);
}

function single(fields: ReadonlyMap<string, readonly Value[]>): Map<string, Value> {
  const out = new Map<string, Value>();
  for (const [key, values] of fields) out.set(key, values.length === 1 ? values[0]! : values);
  return out;
}

const lineEnd = Buffer.from('\r\n');

/** `name="value"` of a disposition; browsers write `%22` for a quote inside. */
function parameter(disposition: string, name: string): string | undefined {
  const match = new RegExp(`;\\s*${name}="([^"]*)"|;\\s*${name}=([^\\s";]+)`, 'i').exec(disposition);
  const value = match?.[1] ?? match?.[2];
  return value?.replaceAll('%22', '"').replaceAll('%0D', '\r').replaceAll('%0A', '\n');
}

function malformed(what: string): never {
  raise('bad-encoding', `The form is not valid multipart/form-data. ${what}`);
}
