/** The codec matrix for flat, JSON and data items. */
import { codecSuite, needsBundle, needsLinks } from '../../test/conformance/codec.ts';

const notHttpsig = { 'Large body committed': 'about httpsig' };
const noPrivate = { 'Priv survives conversion': 'the encoded form is not a message and cannot hold private data' };
const textOnly = { 'Single layer': 'bytes that are not text cannot be written in JSON' };
const tooManyKeys = { 'Large balance table': 'an item has at most 128 tags' };

codecSuite({ name: 'flat@1.0', device: 'flat@1.0', without: { ...needsBundle, ...notHttpsig } });
codecSuite({
  name: 'json@1.0',
  device: 'json@1.0',
  without: { ...needsBundle, ...notHttpsig, ...noPrivate, ...textOnly },
});
codecSuite({
  name: 'json@1.0 bundled',
  device: 'json@1.0',
  bundle: true,
  without: { ...needsLinks, ...notHttpsig, ...noPrivate, ...textOnly, 'Non-bundle is bundlable': 'about httpsig' },
});
codecSuite({
  name: 'ans104@1.0',
  device: 'ans104@1.0',
  mainKey: 'data',
  without: { ...needsBundle, ...notHttpsig, ...noPrivate, ...tooManyKeys },
});
codecSuite({
  name: 'ans104@1.0 bundled',
  device: 'ans104@1.0',
  bundle: true,
  mainKey: 'data',
  without: { ...needsLinks, ...notHttpsig, ...noPrivate, ...tooManyKeys, 'Non-bundle is bundlable': 'about httpsig' },
});
