// SPDX-License-Identifier: Apache-2.0
/** The flags of every command that sends agents a signed statement: to which, whether to ask first, how long to wait. */
import { boolean, string } from '@oclif/core/flags'

/** Flags of commands that address one agent or all of a site. */
export const audienceFlags = {
  agent: string({ helpValue: '<name>', summary: 'One agent' }),
  site: boolean({ default: false, summary: 'Every agent of the site' }),
  yes: boolean({ default: false, char: 'y', summary: 'Do not ask' }),
  timeout: string({
    helpValue: '<time>',
    summary: 'How long to wait for an agent',
    default: '30s',
  }),
}
