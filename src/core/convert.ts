/** Conversion between formats and identities of messages: the interface the rest of the system calls (spec 01 §1.8, §1.9, spec 02 §1.2, §3). */
import type { Message } from './message.ts';

/** A codec's name, `tabm`, or a message `{device: name, …params}`. */
export type Format = string | Message;

/** Which commitments make up an id: none, every signed one, every one, or those of these addresses. */
export type IdKind = 'unsigned' | 'signed' | 'all-commitments' | readonly string[];
