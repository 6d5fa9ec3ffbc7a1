/**
 * Gold cases that we answer differently on purpose, each with its reason ("copy or fix" rows of the specs, weaknesses of the reference,
 * rows marked stand-in). A listed case must really differ, or its test fails. Key: `<file>#<case>[:<part>]`.
 */
export const deliberate: { readonly [vector: string]: string } = {
  ...because(
    'field-anchor is base64url, as everywhere else: raw bytes cannot be sent and make the item unreadable (spec 02 §9)',
    'reference/ans104-items.json#target-anchor',
    'reference/ans104-items.json#anchor-only',
    'reference/ans104-items.json#everything',
    'reference/ans104-items.json#ao-message',
    'reference/ans104-records.json#anchor-field',
    'reference/ans104-records.json#anchor-field-caps',
  ),
  ...because(
    'all signature types are read and verified, the reference of 2025 knows RSA only (spec 07)',
    'reference/ans104-items.json#ed25519',
    'reference/ans104-items.json#ed25519-minimal',
    'reference/ans104-items.json#ethereum',
    'reference/ans104-items.json#ethereum-minimal',
    'reference/ans104-items.json#solana',
    'reference/ans104-items.json#typed-ethereum',
    'reference/ans104-items.json#tampered-ed25519-signature',
    'reference-2025-11/ans104-items.json#bundle-as-data-item',
  ),
  ...because(
    'the tags of a signed item are recorded wherever its keys would give others, so that every signed item verifies (spec 02 §4.9)',
    'reference/ans104-records.json#dup-lower',
    'reference/ans104-records.json#target-field-and-tag',
    'reference/ans104-records.json#data-tag',
    'reference/ans104-records.json#priv-key',
    'reference/ans104-records.json#content-digest-key',
  ),
};

/** The same reason for several cases. */
function because(reason: string, ...cases: readonly string[]): { readonly [vector: string]: string } {
  return Object.fromEntries(cases.map((name) => [name, reason]));
}
