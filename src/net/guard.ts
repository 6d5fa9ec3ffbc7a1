/**
 * Where outbound requests may go. Paths, redirects and hints of strangers name hosts; without a guard a node would fetch from its operator's
 * own machines for them (relay, push, gateways). Refused are loopback, link-local, private, shared, multicast, documentation and
 * metadata addresses, unless the operator allows them.
 *
 * What counts is the address, not the name: names are resolved here, each address is checked, and the connection is made to exactly the
 * addresses that passed. A name that resolves to something else a moment later gains nothing. IPv6 forms that hold an IPv4 address
 * (mapped, NAT64, 6to4) are judged by that.
 */
import { type LookupAddress, type LookupOptions, lookup } from 'node:dns';
import { BlockList, isIP } from 'node:net';
import { AoError, AoException, raise } from '../core/errors.ts';

const privateNetworks = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/128',
  '::1/128',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
  '3fff::/20',
  '5f00::/16',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
];

export interface GuardOptions {
  readonly allowPrivate: boolean;
  readonly allow: readonly string[];
}

type LookupCallback = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;

/** `dns.lookup`, or a stand-in for tests. */
export type Resolve = (
  host: string,
  options: LookupOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

export class Guard {
  readonly #allowPrivate: boolean;
  readonly #refused: BlockList;
  readonly #allowedNetworks: BlockList;
  readonly #allowedHosts: ReadonlySet<string>;
  readonly #resolve: Resolve;

  constructor(options: GuardOptions, resolve: Resolve = systemResolve) {
    this.#allowPrivate = options.allowPrivate;
    this.#refused = networks(privateNetworks);
    this.#allowedNetworks = networks(options.allow.filter((entry) => entry.includes('/')));
    this.#allowedHosts = new Set(
      options.allow.filter((entry) => !entry.includes('/')).map((host) => host.toLowerCase()),
    );
    this.#resolve = resolve;
  }

  /** Refuses an address that can be judged before it is resolved. Throws `forbidden`, `bad-request`. */
  check(url: URL): void {
    if (url.protocol !== 'http:' && url.protocol !== 'https:') {
      raise('bad-request', `Requests go out over http and https, not ${url.protocol}`);
    }
    if (url.username !== '' || url.password !== '') {
      raise(
        'bad-request',
        'An address with a user name or password in it is not accepted.',
        'Send an `authorization` header.',
      );
    }
    const host = plainHost(url);
    if (isIP(host) !== 0 && !this.#isAllowedHost(url) && !this.isAllowed(host)) refuse(host);
  }

  /** Whether an IP address may be connected to. */
  isAllowed(address: string): boolean {
    if (this.#allowPrivate) return true;
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (this.#allowedNetworks.check(address, family)) return true;
    if (this.#refused.check(address, family)) return false;
    const inner = family === 'ipv6' ? embeddedIpv4(address) : undefined;
    return inner === undefined || this.#allowedNetworks.check(inner, 'ipv4') || !this.#refused.check(inner, 'ipv4');
  }

  /** A `lookup` for sockets that gives only addresses that may be connected to. */
  lookupFor(url: URL): (host: string, options: LookupOptions, callback: LookupCallback) => void {
    const anything = this.#isAllowedHost(url);
    return (host, options, callback) => {
      this.#resolve(host, { ...options, all: true }, (error, addresses) => {
        if (error !== null) {
          callback(error, []);
          return;
        }
        const allowed = anything ? addresses : addresses.filter(({ address }) => this.isAllowed(address));
        const first = allowed[0];
        if (first === undefined) callback(new AoException(refusal(host)), []);
        else if (options.all === true) callback(null, allowed);
        else callback(null, first.address, first.family);
      });
    };
  }

  #isAllowedHost(url: URL): boolean {
    if (this.#allowPrivate) return true;
    const host = plainHost(url).toLowerCase();
    return this.#allowedHosts.has(host) || this.#allowedHosts.has(`${host}:${portOf(url)}`);
  }
}

/** Host without the brackets of IPv6. */
function plainHost(url: URL): string {
  return url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname;
}

export function portOf(url: URL): number {
  return url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
}

function networks(list: readonly string[]): BlockList {
  const block = new BlockList();
  for (const entry of list) {
    const [address = '', bits = ''] = entry.split('/');
    if (isIP(address) === 0) raise('bad-request', `\`${entry}\` is not a network.`, 'Write it as `10.1.0.0/16`.');
    block.addSubnet(address, Number(bits), isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }
  return block;
}

/** The IPv4 address inside a mapped, NAT64 or 6to4 address. */
function embeddedIpv4(address: string): string | undefined {
  const groups = ipv6Groups(address);
  const dotted = (high: number, low: number): string => `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
  const zeros = groups.slice(0, 5).every((group) => group === 0);
  if (zeros && (groups[5] === 0xffff || groups[5] === 0)) return dotted(groups[6]!, groups[7]!);
  if (groups[0] === 0x64 && groups[1] === 0xff9b) return dotted(groups[6]!, groups[7]!);
  if (groups[0] === 0x2002) return dotted(groups[1]!, groups[2]!);
  return undefined;
}

function ipv6Groups(address: string): readonly number[] {
  // WHATWG URL gives the canonical form, with any dotted tail in hexadecimal.
  const canonical = new URL(`http://[${address.split('%')[0]}]/`).hostname.slice(1, -1);
  const [head = '', tail] = canonical.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const middle = tail === undefined ? [] : Array.from({ length: 8 - before.length - after.length }, () => '0');
  return [...before, ...middle, ...after].map((group) => Number.parseInt(group, 16));
}

function refusal(host: string): AoError {
  return new AoError(
    'forbidden',
    `The address of ${host} is not public, and requests to such addresses are not allowed.`,
    {
      hint: 'The operator can allow it with the option `allow`.',
    },
  );
}

function refuse(host: string): never {
  throw new AoException(refusal(host));
}

function systemResolve(
  host: string,
  options: LookupOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
): void {
  lookup(host, { ...options, all: true }, callback);
}
