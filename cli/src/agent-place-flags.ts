// SPDX-License-Identifier: Apache-2.0
/** Flags of commands that open the vault of an agent on this host. */
import { string } from '@oclif/core/flags'

/** The flags. */
export const agentPlaceFlags = {
  'state-dir': string({
    helpValue: '<folder>',
    summary: 'State directory of the agent; else agent/ of the home',
  }),
  'passphrase-file': string({
    helpValue: '<file>',
    summary: 'File with the passphrase of its keys, if they are locked under one',
  }),
}
