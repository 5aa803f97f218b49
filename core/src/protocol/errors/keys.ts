// SPDX-License-Identifier: Apache-2.0
/** Codes of keys, of the files that hold them, and of trust in the keys of others. */
import type { ErrorTable } from './entry.ts'

/** Codes by what they say. */
export const KEY_ERRORS = {
  ERR_CHECKPOINT_UNKNOWN: {
    meaning: 'A checkpoint given as evidence was not signed for this audit log.',
    remedy: 'Give a checkpoint of this agent, as it stands in one of its results.',
  },
  ERR_ENROLMENT_UNTRUSTED: {
    meaning:
      'The enrolment does not come from the operator whose code was typed. Nothing was stored.',
    remedy:
      'Ask the operator for a new code (`sallyport agent code <name>`) and find out who stands between.',
  },
  ERR_KEY_FILE_EXISTS: {
    meaning: 'There is a key file already. It is not overwritten.',
    remedy: 'Use it, or choose another folder.',
  },
  ERR_KEY_FILE_FORM: {
    meaning: 'The file is not a key file, or holds other keys than it says.',
    remedy: 'Put back a copy, or make a new identity.',
  },
  ERR_KEY_FILE_IO: {
    meaning: 'The key file cannot be read or written.',
    remedy: 'Look at the disk and at the rights of its folder.',
  },
  ERR_KEY_FILE_MISSING: {
    meaning: 'There is no key file where one should be.',
    remedy: 'Put back a copy, or make a new identity.',
  },
  ERR_KEY_FILE_MODE: {
    meaning:
      'The key file is a link, belongs to someone else, or can be read by others. It is not used.',
    remedy: 'Make it yours alone (`chmod 600`); if others may have read it, make a new identity.',
  },
  ERR_KEY_FILE_SIZE: {
    meaning: 'The file is too large for a key file, or empty.',
    remedy: 'Put back a copy, or make a new identity.',
  },
  ERR_KEY_FORM: {
    meaning: 'The bytes are not a public key in their one canonical form.',
    remedy: 'Take the key again from where it was made.',
  },
  ERR_KEY_WEAK: {
    meaning: 'The public key is one that anybody can sign or open for.',
    remedy: 'Refuse whoever sent it; make a new key with `sallyport`.',
  },
  ERR_NOT_A_READER: {
    meaning: 'The text is sealed to other keys than this one.',
    remedy: 'Have it sealed again for this reader.',
  },
  ERR_PASSPHRASE: {
    meaning: 'The passphrase is wrong, or the key file was altered.',
    remedy: 'Try again; after a forgotten passphrase only a new identity helps.',
  },
  ERR_ROOT_NAMES: {
    meaning:
      'The names of the trust root cannot be read: the list does not open, or lacks a name that the root has a pseudonym of.',
    remedy:
      'Type a command that opens your keys, such as `sallyport trust show`; if that does not help, have the root signed anew.',
  },
  ERR_TRUST_STORE: {
    meaning: 'The stored keys of a site contradict themselves.',
    remedy: 'Enrol the agent anew.',
  },
  ERR_UNSEAL: {
    meaning: 'The sealed text cannot be opened: it was altered after sealing.',
    remedy: 'Have it sent again from where it was sealed, and find out who altered it.',
  },
} as const satisfies ErrorTable
