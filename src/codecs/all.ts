/** Every format this node reads and writes. A new codec is one line here. */
import type { Codec } from '../core/codec.ts';
import { httpsig } from './httpsig.ts';
import { structured } from './structured.ts';

export const allCodecs: readonly Codec[] = [structured, httpsig];
