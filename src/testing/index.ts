/**
 * `hyperbeam-ts/testing`: nodes and their surroundings inside a test.
 *
 *     import { startNode, testWallet } from 'hyperbeam-ts/testing';
 *
 *     await using node = await startNode();
 *     const client = node.client(testWallet('second'));
 *     await client.read('/~meta@1.0/info/address');   // node.address
 *
 * Everything that is started is `AsyncDisposable`. Nothing leaves this machine.
 */
export { type FakeBundler, type FakeBundlerOptions, fakeBundler } from './fake-bundler.ts';
export { type FakeGateway, fakeGateway } from './fake-gateway.ts';
export {
  type FakeSchedulerUnit,
  type FakeSchedulerUnitOptions,
  fakeRouter,
  fakeSchedulerUnit,
  type UnitEdge,
} from './fake-scheduler-unit.ts';
export type { LocalRequest, LocalServer } from './local-server.ts';
export { seededRandom } from './seeded-random.ts';
export { startNode, type TestNode, type TestNodeOptions } from './start-node.ts';
export { type VirtualClock, virtualClock } from './virtual-clock.ts';
export { type TestKey, testJwk, testWallet } from './wallets.ts';
