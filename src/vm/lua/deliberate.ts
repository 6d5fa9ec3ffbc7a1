/**
 * Rows of `test/vectors/lua` that this implementation answers differently on purpose, each with its reason. The test fails when a row
 * listed here passes, so the list cannot go stale.
 */
export const deliberate: Readonly<Record<string, string>> = {};
