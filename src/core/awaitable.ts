/**
 * A value now or a promise of it. The resolver is synchronous whenever it can be: reading a key of a message must not cost a promise.
 */
export type Awaitable<T> = T | Promise<T>;

export function isPromise<T>(value: Awaitable<T>): value is Promise<T> {
  return value instanceof Promise;
}

/**
 * Goes on with `next` at once if the value is here, else when it comes. (Not named `then`: a module that exports `then` is taken for a
 * promise by `await import(…)`.)
 */
export function andThen<T, R>(value: Awaitable<T>, next: (value: T) => Awaitable<R>): Awaitable<R> {
  return isPromise(value) ? value.then(next) : next(value);
}

/** Maps in order; the result is a promise only if one of the steps is. Steps run one after another. */
export function mapInOrder<T, R>(items: readonly T[], step: (item: T, index: number) => Awaitable<R>): Awaitable<R[]> {
  const out: R[] = [];
  for (let i = 0; i < items.length; i++) {
    const result = step(items[i]!, i);
    if (isPromise(result)) return finishInOrder(items, step, out, result);
    out.push(result);
  }
  return out;
}

async function finishInOrder<T, R>(
  items: readonly T[],
  step: (item: T, index: number) => Awaitable<R>,
  out: R[],
  pending: Promise<R>,
): Promise<R[]> {
  out.push(await pending);
  for (let i = out.length; i < items.length; i++) out.push(await step(items[i]!, i));
  return out;
}
