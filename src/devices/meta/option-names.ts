/** Names of options, and which keys of a request never are options. */

/** Keys of a request that say how it was sent, not what it says. */
const transport =
  /^(accept|accept-.*|ao-peer|ao-peer-port|body|codec-device|commitments|connection|content-.*|cookie|method|path|priv.*|require-codec|sec-.*|signature|signature-input|target|te|transfer-encoding|upgrade.*|user-agent|node-history|http-server)$/;

/** Whether a key of a request says how it was sent, and is no part of what it says. */
export function isTransportKey(key: string): boolean {
  return transport.test(optionName(key));
}

/** `Preloaded_Devices` → `preloaded-devices`. */
export function optionName(key: string): string {
  return key.toLowerCase().replaceAll('_', '-');
}
