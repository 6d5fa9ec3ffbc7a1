import { describe, expect, test } from 'vitest';
import { fromBase64, toBytes } from '../../core/bytes.ts';
import { dialects } from '../../core/dialect.ts';
import { message } from '../../core/message.ts';
import { sha256 } from '../../crypto/hash.ts';
import { buildAssignment, chainText, nextChain, unknownBlock } from './assignment.ts';

const step = (previous: string, id: string): string => chainText(nextChain(fromBase64(previous)!, id, sha256));

describe('hash chain', () => {
  test('[row obs-chain-first] slot 0 hashes the id alone', () => {
    expect(step('', '2xdYzPTX2nK1NERBwPDDeOFvmf6Yu8gJy74iw9U8M8M')).toBe('O6sPXFQgR_XzkKUblM1xeC1H5u-nkC4tyNZlmNPyOro');
  });
  test('[row obs-chain-next, obs-chain-next-2, obs-chain-next-3] later slots hash the raw previous value before the id', () => {
    expect(step('O6sPXFQgR_XzkKUblM1xeC1H5u-nkC4tyNZlmNPyOro', '10Qc9Q5oZRg3daWyFGHfd6SPLIUPq2oyNBk8yXtI41Q')).toBe(
      '-f_eLYHGee9cWa3kG1ySty9kJAXe2L7ZNikuqDlJj34',
    );
    expect(step('rKmf2W8sLVLG8qyDAVaFjqcTf3natirOxgRD-uujF9g', 'RhuzKYq2OFRS8BUc3Nq-nBazqwc4uz2oTqhQjrPuwkQ')).toBe(
      '8xSYhMDE6bGY6JBKJCg1euV9RK2lUFx64KIvyC3Q5qg',
    );
    expect(step('8xSYhMDE6bGY6JBKJCg1euV9RK2lUFx64KIvyC3Q5qg', 'AdeKqYkLFiwP7a2Gpp17fx7gevBPD3agxkMcVCrCpeE')).toBe(
      '9eQrUFQa5MxYDUS-h6cz8aEV5H8yfqnW7u2XoUdQM8M',
    );
  });
  test('[row obs-chain-after-restart] the reference hashes text after a restart; we never do, but can follow it', () => {
    const text = toBytes('9eQrUFQa5MxYDUS-h6cz8aEV5H8yfqnW7u2XoUdQM8M');
    expect(chainText(nextChain(text, 'wGBPVNQfPtRt0Ln0o16EVnRcgFqH2jMC4ZCZrI0LjSw', sha256))).toBe(
      'cNivw_hCiMPeTRDCu_ILKCVYf80Un3Rz14IBtmRGN04',
    );
  });
});

describe('assignment', () => {
  const facts = { process: 'p', slot: 3, chain: 'c', timestamp: 5, block: unknownBlock };
  test('[row obs-path-key] the message names the key that runs', () => {
    const body = message({ path: '/inc//by' });
    expect(buildAssignment({ ...facts, body }, dialects['2025-09']).get('path')).toEqual(['inc', 'by']);
    expect(buildAssignment({ ...facts, body }, dialects['2025-11']).get('path')).toBe('inc/by');
    expect(buildAssignment({ ...facts, body: message({}) }, dialects['2025-11']).get('path')).toBe('compute');
  });
  test('type and chain are the dialect’s', () => {
    expect(buildAssignment({ ...facts, body: message({}) }, dialects['2025-09']).get('type')).toBe('assignment');
    expect(buildAssignment({ ...facts, body: message({}) }, dialects['2026']).get('base-hashpath')).toBe('c');
  });
});
