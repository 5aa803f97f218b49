// SPDX-License-Identifier: Apache-2.0
/** Flags of commands that make an enrolment code. */
import { boolean, string } from '@oclif/core/flags'

/** How the code is made. */
export const codeFlags = {
  valid: string({
    helpValue: '<time>',
    summary: 'How long the code can be redeemed',
    default: '30m',
  }),
  address: string({
    multiple: true,
    multipleNonGreedy: true,
    helpValue: '<url>',
    summary: 'Where the host reaches the hub, up to four in the order to try; else where you do',
  }),
  confirm: boolean({
    default: false,
    summary: 'Let nobody in by it before you compared a fingerprint: agent confirm',
  }),
}
