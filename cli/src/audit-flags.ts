// SPDX-License-Identifier: Apache-2.0
/** The flags of every command that looks into an audit log: where it is, and which entries are meant. */
import { boolean, string } from '@oclif/core/flags'
import { operatorFlags } from './operator-flags.ts'

/** Where the log is. */
export const logFlags = {
  ...operatorFlags,
  agent: string({
    helpValue: '<name>',
    exclusive: ['state-dir'],
    summary: 'The copy of this agent at the hub, verified first',
  }),
  'state-dir': string({
    helpValue: '<folder>',
    summary: 'State directory of the agent; else agent/ of the home',
  }),
}

/** Which entries. Kinds add to each other, all else narrows. */
export const entryFlags = {
  since: string({ helpValue: '<time>', summary: 'Not older: 1h, 7d, 2026-11-22T08:00:00Z' }),
  until: string({ helpValue: '<time>', summary: 'Not younger, written the same way' }),
  job: string({
    helpValue: '<id>',
    summary: 'Everything of one job, and of what it asked for, by id',
  }),
  about: string({
    multiple: true,
    helpValue: '<thing>',
    summary: 'Only about this, as guest/101 or node/pve1; again for more',
  }),
  event: string({
    multiple: true,
    helpValue: '<event>',
    summary: 'Only of this kind, as job.refused, or all of run.; again for more',
  }),
  refused: boolean({ default: false, summary: 'What was refused' }),
  denied: boolean({ default: false, summary: 'What a handle, the sandbox or the policy denied' }),
  limits: boolean({ default: false, summary: 'Where a limit was reached' }),
  'ssh-failed': boolean({ default: false, summary: 'SSH that failed or was denied' }),
}
