/** Devices that the compiler has to refuse, each for one reason. `npm run types` fails when one of them compiles. */
import { z } from 'zod';
import { device } from '../../src/core/device.ts';
import { id, integer, optional } from '../../src/core/fields.ts';
import { ok } from '../../src/core/outcome.ts';

/** Never called: it is enough that it is checked. */
export function mustNotCompile(): void {
  // @ts-expect-error a name without a version
  device({ name: 'greeter', doc: '', keys: {} });
  // @ts-expect-error a device without a sentence that says what it does
  device({ name: 'a@1.0', keys: {} });
  // @ts-expect-error a misspelt property
  device({ name: 'a@1.0', doc: '', keys: {}, otherkeys: () => ok(1) });
  // @ts-expect-error a capability that does not exist
  device({ name: 'a@1.0', doc: '', uses: ['teleport'], keys: {} });
  device({
    name: 'a@1.0',
    doc: '',
    keys: {
      k: {
        doc: '',
        // @ts-expect-error a capability that was not listed
        run: ({ clock }) => ok(clock.now()),
      },
    },
  });
  device({
    name: 'a@1.0',
    doc: '',
    uses: ['clock'],
    keys: {
      k: {
        doc: '',
        // @ts-expect-error one capability does not give another
        run: ({ wallet }) => ok(wallet.address),
      },
    },
  });
  device({
    name: 'a@1.0',
    doc: '',
    keys: {
      k: {
        doc: '',
        request: { owner: id },
        // @ts-expect-error a field that was not declared
        run: ({ request }) => ok(request.onwer),
      },
    },
  });
  device({
    name: 'a@1.0',
    doc: '',
    keys: {
      k: {
        doc: '',
        request: { n: optional(integer) },
        run: ({ request }) => {
          // @ts-expect-error an optional field may be absent
          const n: number = request.n;
          return ok(n);
        },
      },
    },
  });
  device({
    name: 'a@1.0',
    doc: '',
    options: z.object({ limit: z.int() }),
    keys: {
      k: {
        doc: '',
        // @ts-expect-error an option of another type
        run: ({ options }) => ok(options.limit.toUpperCase()),
      },
    },
  });
  device({
    name: 'a@1.0',
    doc: '',
    keys: {
      // @ts-expect-error a key gives an outcome, not a bare value
      k: { doc: '', run: () => 'value' },
    },
  });
}
