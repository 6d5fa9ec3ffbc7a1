/** The codec matrix (cases-codecs §1) for structured and httpsig. */
import { codecSuite, needsBundle, needsLinks } from '../../test/conformance/codec.ts';

const notHttpsig = { 'Large body committed': 'about the large bodies of httpsig' };

codecSuite({ name: 'structured@1.0', device: 'structured@1.0', without: { ...needsBundle, ...notHttpsig } });
codecSuite({ name: 'httpsig@1.0', device: 'httpsig@1.0', without: needsBundle });
codecSuite({
  name: 'httpsig@1.0, bundled',
  device: 'httpsig@1.0',
  bundle: true,
  without: { ...needsLinks, ...notHttpsig },
});
