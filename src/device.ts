/**
 * `hyperbeam-ts/device`: what a device is made of.
 *
 *     import { device, ok, text } from 'hyperbeam-ts/device';
 *
 *     export const greeter = device({
 *       name: 'greeter@1.0',
 *       doc: 'Greets.',
 *       keys: {
 *         greet: { doc: 'Greets `name`.', request: { name: text }, run: ({ request }) => ok(`Hello, ${request.name}!`) },
 *       },
 *     });
 *
 * `startNode(config, { devices: [greeter] })` puts it on a node: `GET /~greeter@1.0/greet?name=Ada`.
 */
export { type Awaitable, andThen, isPromise, mapInOrder } from './core/awaitable.ts';
export {
  type Ao,
  type Call,
  type Capabilities,
  type Capability,
  type Clock,
  type Device,
  type DeviceSpec,
  device,
  type Key,
} from './core/device.ts';
export { AoError, AoException, type ErrorCode, raise } from './core/errors.ts';
export {
  anything,
  bytes,
  type Field,
  type Fields,
  flag,
  float,
  id,
  integer,
  listOf,
  oneOf,
  optional,
  submessage,
  text,
} from './core/fields.ts';
export { isMessage, Message, message, messageFrom } from './core/message.ts';
export { fail, failed, notFound, type Outcome, ok, pass, skip } from './core/outcome.ts';
export { Atom, Float, isList, Link, UNSET, type Value } from './core/value.ts';
