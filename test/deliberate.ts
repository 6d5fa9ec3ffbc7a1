/**
 * Gold cases that we answer differently on purpose, each with its reason ("copy or fix" rows of the specs, weaknesses of the reference,
 * rows marked stand-in). A listed case must really differ, or its test fails. Key: `<file>#<case>[:<part>]`.
 */
export const deliberate: { readonly [vector: string]: string } = {};
