/** `docs/errors.md`, made from the list of codes (`src/core/errors.ts`) and their statuses (`src/http/status.ts`). */
import { type ErrorCode, errorCodes, type Fault } from '../src/core/errors.ts';
import { statusOfCode } from '../src/http/status.ts';

const faults: { readonly [fault in Fault]: string } = { caller: 'caller', operator: 'operator', ours: 'node' };

export function errorReference(): string {
  const rows = (Object.keys(errorCodes) as ErrorCode[]).sort().map((code) => {
    const [fault, meaning] = errorCodes[code];
    return `| \`${code}\` | ${statusOfCode[code]} | ${faults[fault]} | ${meaning} |`;
  });
  return [
    '<!-- Made by `npm run docs` from src/core/errors.ts and src/http/status.ts. -->',
    '',
    '# Errors',
    '',
    'Every error has a code, a sentence that says what happened and, where there is one, a hint that says what to do.',
    '',
    'Over HTTP they are the headers `code`, `hint` and `request-id`, with the sentence as body (or what the protocol has there instead,',
    'such as `not_found`). With `accept: application/json` they are keys of one object: `status`, `code`, `body`, `hint`, `request-id`. An',
    'error may carry a status of its own instead of the one below, as where a path is too long (414) or a head too large (431).',
    '',
    'The third column says who can mend it. Faults of the node show a stranger no details: tell the operator the request id, under which',
    "the log has them. In code, an error is a value in an outcome (`{ status: 'error', error }`); the client and the entry points for",
    'programs reject with an `AoException`, which has the same `code`.',
    '',
    '| Code | Status | Fault of the | Meaning |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}
