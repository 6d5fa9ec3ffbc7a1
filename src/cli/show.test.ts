import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { message, messageFrom } from '../core/message.ts';
import { Atom, Float, Link } from '../core/value.ts';
import { asJson, safeText, shown, shownResult } from './show.ts';

describe('text from strangers', () => {
  test('colours stay where they are wanted, and end', () => {
    expect(safeText('\x1b[31mred', true)).toBe('\x1b[31mred\x1b[0m');
    expect(safeText('\x1b[31mred\x1b[0m', false)).toBe('red');
  });

  test('nothing moves the cursor, sets the title, or answers for the person', () => {
    const tricks = [
      '\x1b[2J',
      '\x1b[1A',
      '\x1b]0;title\x07',
      '\x1b]52;c;cGFzdGU=\x1b\\',
      '\x1bc',
      '\x1bP1$r\x1b\\',
      '\x9b6n',
      '\b',
    ];
    for (const trick of tricks) expect(safeText(`a${trick}b`, true).replace(/[^ab]/g, '')).toBe('ab');
    expect(safeText('over\rwritten', false)).toBe('over\nwritten');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const safe = safeText(text, false);
        expect(safe).toBe(stripVTControlCharacters(safe));
        expect(safe).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/);
      }),
    );
  });
});

describe('values', () => {
  const whole = message({
    n: 42,
    f: new Float(2),
    t: 'text',
    long: 'two\nlines',
    child: { a: new Atom('ok'), empty: {} },
    list: ['x', true],
    link: new Link('A'.repeat(43)),
    bytes: new Uint8Array([0xff, 0]),
    commitments: { x: {} },
  });

  test('are shown key by key', () => {
    expect(shown(whole)).toBe(
      [
        'n: 42',
        'f: 2.0',
        't: "text"',
        'long: |',
        '  two',
        '  lines',
        'child:',
        '  a: ok',
        '  empty: {}',
        'list:',
        '  1: "x"',
        '  2: true',
        `link: -> ${'A'.repeat(43)}`,
        'bytes: (2 bytes)',
      ].join('\n'),
    );
    expect(shown(whole, { all: true })).toContain('commitments:');
    expect(shown('as it is')).toBe('as it is');
  });

  test('are JSON', () => {
    expect(asJson(whole)).toEqual({
      n: 42,
      f: 2,
      t: 'text',
      long: 'two\nlines',
      child: { a: 'ok', empty: {} },
      list: ['x', true],
      link: { link: 'A'.repeat(43) },
      bytes: '_wA',
    });
    const hostile = asJson(messageFrom([['__proto__', 'x']])) as object;
    expect(Object.keys(hostile)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(hostile)).toBe(Object.prototype);
  });

  test('a result without output shows the rest of what it left', () => {
    const results = message({ outbox: {}, slot: 3, answer: 42 });
    expect(shownResult({ output: '', results })).toBe('answer: 42');
    expect(shownResult({ output: 'said', results })).toBe('said');
    expect(shownResult({ output: '', results: message({ slot: 3 }) })).toBe('');
  });
});
