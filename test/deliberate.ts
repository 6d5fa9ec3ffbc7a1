/**
 * Gold cases that we answer differently on purpose, each with its reason ("copy or fix" rows of the specs, weaknesses of the reference,
 * rows marked stand-in). A listed case must really differ, or its test fails. Key: `<file>#<case>[:<part>]`.
 */
export const deliberate: { readonly [vector: string]: string } = {
  ...because(
    'integers of more than 15 digits are read as well as written',
    'reference/messages.json#int-16-digits:json',
    'reference/messages.json#int-2pow53p1:json',
    'reference/messages.json#int-2pow64:json',
    'reference-2025-11/messages.json#int-16-digits:json',
    'reference-2025-11/messages.json#int-2pow53p1:json',
    'reference-2025-11/messages.json#int-2pow64:json',
    'reference/json-decode.json#24',
  ),
  ...because(
    'a list with a link among its elements is written as a numbered object; the reference loses the element',
    'reference/messages.json#list-top-level:json',
    'reference-2025-11/messages.json#list-top-level:json',
  ),

  ...because(
    'an item made of a message with an empty body keeps its tags and verifies (spec 02 §9)',
    'reference/signed.json#ans104/body-empty:ans104',
    'reference/signed.json#ans104-bundle/body-empty:ans104',
    'reference-2025-11/signed.json#ans104/body-empty:ans104',
    'reference-2025-11/signed.json#ans104-bundle/body-empty:ans104',
  ),
  'reference-2025-11/signed.json#ans104/inner-signed:ans104':
    'the file pairs the item of one run with the reading of another, whose inner signature has another salt',

  ...because(
    'integers of more than 15 digits are read as well as written, so that such a message can be bundled',
    'reference/messages.json#int-16-digits:ans104',
    'reference/messages.json#int-2pow53p1:ans104',
    'reference/messages.json#int-2pow64:ans104',
    'reference-2025-11/messages.json#int-16-digits:ans104',
    'reference-2025-11/messages.json#int-2pow53p1:ans104',
    'reference-2025-11/messages.json#int-2pow64:ans104',
  ),
  ...because(
    'an explicit ao-data-key gives one tag, not two that cannot be read again (spec 02 §9)',
    'reference/messages.json#ao-data-key-explicit:ans104',
    'reference-2025-11/messages.json#ao-data-key-explicit:ans104',
  ),
  ...because('a signed empty bundle keeps its bytes and verifies', 'reference-2025-11/list-bundles.json#list-empty'),

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
  ...because(
    'The sign of -0.5 and the zeros of 1.05 are kept; the reference loses them (spec 02 §9).',
    'reference/sf-parse.json#71',
    'reference/sf-build.json#16',
    'reference/sf-build.json#19',
    'reference/sf-build.json#20',
  ),
  ...because(
    'A decimal of more than three places is rounded to even, without trailing zeros (RFC 8941 §4.1.5); nothing on the wire depends on it.',
    'reference/sf-build.json#22',
    'reference/sf-build.json#23',
  ),
  ...because(
    'integers of more than 15 digits are read as well as written',
    'reference/messages.json#int-16-digits:structured',
    'reference-2025-11/messages.json#int-16-digits:structured',
    'reference/messages.json#int-16-digits:httpsig',
    'reference-2025-11/messages.json#int-16-digits:httpsig',
    'reference/messages.json#int-16-digits:ids',
    'reference-2025-11/messages.json#int-16-digits:ids',
    'reference/messages.json#int-2pow53p1:structured',
    'reference-2025-11/messages.json#int-2pow53p1:structured',
    'reference/messages.json#int-2pow53p1:httpsig',
    'reference-2025-11/messages.json#int-2pow53p1:httpsig',
    'reference/messages.json#int-2pow53p1:ids',
    'reference-2025-11/messages.json#int-2pow53p1:ids',
    'reference/messages.json#int-2pow64:structured',
    'reference-2025-11/messages.json#int-2pow64:structured',
    'reference/messages.json#int-2pow64:httpsig',
    'reference-2025-11/messages.json#int-2pow64:httpsig',
    'reference/messages.json#int-2pow64:ids',
    'reference-2025-11/messages.json#int-2pow64:ids',
  ),
  ...because(
    'a part of a body keeps its content type, which its id and its signatures cover (spec 02 §9, spec 07)',
    'reference/messages.json#real-schedule:httpsig',
    'reference-2025-11/messages.json#real-schedule:httpsig',
    'reference/httpsig-decode.json#multipart part content-type dropped:httpsig',
    'reference-2025-11/httpsig-decode.json#multipart part content-type dropped:httpsig',
    'reference/messages.json#real-spawn-opts:httpsig',
    'reference-2025-11/messages.json#real-spawn-opts:httpsig',
    'reference/signed.json#httpsig/inner-signed:httpsig decode',
    'reference-2025-11/signed.json#httpsig/inner-signed:httpsig decode',
    'reference/signed.json#httpsig/inner-ans104:httpsig decode',
    'reference-2025-11/signed.json#httpsig/inner-ans104:httpsig decode',
    'reference/signed.json#ans104/inner-signed:httpsig decode',
    'reference-2025-11/signed.json#ans104/inner-signed:httpsig decode',
    'reference/signed.json#ans104-bundle/inner-signed:httpsig decode',
    'reference-2025-11/signed.json#ans104-bundle/inner-signed:httpsig decode',
  ),
  ...because(
    'no key stands twice in a received list of committed keys (spec 02 §2.9)',
    'reference/signed.json#httpsig/complex:httpsig decode',
    'reference-2025-11/signed.json#httpsig/complex:httpsig decode',
    'reference/signed.json#ans104/complex:httpsig decode',
    'reference-2025-11/signed.json#ans104/complex:httpsig decode',
  ),
  ...because(
    'a list of components that names an ao-body-key the bundled form has no header for is read, and verifies (spec 02 §9)',
    'reference/signed.json#httpsig/multisig:httpsig decode',
    'reference-2025-11/signed.json#httpsig/multisig:httpsig decode',
  ),
  ...because(
    'any name can be an atom, not only those that the reference happens to have loaded (spec 02 §1.8)',
    'reference/httpsig-decode.json#typed unknown atom:httpsig',
    'reference-2025-11/httpsig-decode.json#typed unknown atom:httpsig',
  ),
  'reference-2025-11/httpsig-decode.json#ao-ids:httpsig':
    'the ao-ids header of 2025-09 is understood in every dialect, unless it is signed as a key of its own (spec 07)',
  'reference-2025-11/httpsig-decode.json#signature device alg:httpsig':
    'original-tags are read in both spellings (spec 07)',
  ...because(
    'whose a commitment is and under which id it is filed have to follow from its key and its signature (spec 02 §9)',
    'reference/verify.json#committer field falsified:httpsig',
    'reference-2025-11/verify.json#committer field falsified:httpsig',
    'reference/verify.json#commitment stored under another id:httpsig',
    'reference-2025-11/verify.json#commitment stored under another id:httpsig',
  ),
  'lua/processes.json#device-errors-023': 'the trace of a thrown table with __tostring is kept; the reference loses it',
  'lua/processes.json#device-returns-014':
    'a function inside a returned table is left out; the reference stores a text that differs from run to run',
  'lua/processes.json#device-sandbox-057':
    'the restricted environment stands before the module’s first line runs, as spec 04 §4.5 advises',
  'lua/processes.json#device-sandbox-059': 'a sandbox list of plain names is accepted; the reference fails to start',
  'lua/processes.json#device-sandbox-061': 'a sandbox given as a map is accepted; the reference fails to start',
  'lua/processes.json#process-ledger-081':
    'integers of any size survive in a state; the reference cannot read its own slot any more',
};

/** The same reason for several cases. */
function because(reason: string, ...cases: readonly string[]): { readonly [vector: string]: string } {
  return Object.fromEntries(cases.map((name) => [name, reason]));
}
