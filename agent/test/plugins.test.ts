// SPDX-License-Identifier: Apache-2.0
/** Where each plugin of an agent stands, judged from bytes; and what is put on record about it. */
import { describe, expect, it } from '@jest/globals'
import type { PluginEvent } from '@sallyport/core/plugins'
import { instantOf } from '@sallyport/core/protocol'
import type { HeldApproval } from '@sallyport/core/stores'
import { CodedError } from '@sallyport/sdk'
import pino from 'pino'
import {
  bundle,
  makePorts,
  MINUTE,
  NOW,
  publicationOf,
  signApproval,
  stranger,
} from '../../core/test/support/site.ts'
import { notePluginEvent, reportPlugins } from '../src/plugin-events.ts'
import { judgePlugins, type HeldPlugins } from '../src/plugins.ts'
import type { AgentRecord } from '../src/record.ts'

const LOG = pino({ level: 'silent' })

const held = (changes: Partial<HeldApproval> = {}): HeldApproval => ({
  name: 'sensors',
  approval: signApproval(),
  bundle,
  ...changes,
})

function plugins(rows: HeldApproval[], changes: Partial<HeldPlugins['ports']> = {}): HeldPlugins {
  return { approvals: { list: () => rows }, ports: { ...makePorts(), ...changes } }
}

const standings = (of: HeldPlugins) => judgePlugins(of).map(({ standing }) => standing)

const revoked = {
  newest: () => ({ revocationId: 'r', subject: 'plugin', issuedAtMs: NOW, why: 'leaked' }) as const,
}
const quarantined = { find: () => ({ reason: 'ERR_X: it fell', sinceMs: NOW }) }

describe('the plugins of an agent', () => {
  it('are listed with what the operator signed', () => {
    const [plugin] = judgePlugins(plugins([held()]))
    expect(plugin).toMatchObject({
      plugin: 'sensors',
      standing: { state: 'approved', why: '' },
      approved: {
        version: '1.0.0',
        jobs: ['read'],
        bindings: [],
        publisher: { name: 'publisher' },
      },
    })
  })

  it.each([
    ['revoked', 'leaked', plugins([held()], { revocations: revoked })],
    ['quarantined', 'ERR_X: it fell', plugins([held()], { quarantine: quarantined })],
    ['damaged', 'the bundle is', plugins([held({ bundle: bundle.slice(1) })])],
    ['damaged', 'unknown_key', plugins([held({ approval: signApproval({}, stranger) })])],
    [
      'expired',
      '',
      plugins([held({ approval: signApproval({ expiresAt: instantOf(NOW - MINUTE / 2 - 1) }) })]),
    ],
    [
      'unfit',
      'not_published',
      plugins([held({ approval: signApproval({ publication: publicationOf(bundle, stranger) }) })]),
    ],
    [
      'unfit',
      'permissions_differ',
      plugins([held({ approval: signApproval({ bindings: ['x'] }) })]),
    ],
    ['unfit', 'not_approved', plugins([held({ name: 'docker' })])],
  ])('are %s where that is so: %s', (state, why, of) => {
    expect(standings(of)).toEqual([{ state, why: expect.stringContaining(why) }])
  })

  it('are replaced by the newer approval of the same name only', () => {
    const rows = [held(), held(), held({ name: 'zfs' }), held({ name: 'zfs' })]
    expect(standings(plugins(rows)).map(({ state }) => state)).toEqual([
      'approved',
      'replaced',
      'unfit',
      'replaced',
    ])
  })

  it('say nothing that nobody signed', () => {
    const [plugin] = judgePlugins(plugins([held({ approval: signApproval({}, stranger) })]))
    expect(plugin!.approved).toBeNull()
  })
})

/** A record that keeps what is noted. */
function makeRecord() {
  const noted: { event: string; details: object }[] = []
  const quarantine: object[] = []
  const journal = { putQuarantine: (row: object) => quarantine.push(row) }
  const record = {
    journal,
    note(event: { event: string; details: object }, write?: (nowMs: number) => void) {
      write?.(NOW)
      noted.push(event)
    },
  } as unknown as AgentRecord
  return { record, noted, quarantine }
}

describe('the start of an agent', () => {
  it('puts on record what is damaged or unfit, and nothing else', () => {
    const { record, noted } = makeRecord()
    reportPlugins(plugins([held()]), record, LOG)
    reportPlugins(plugins([held()], { revocations: revoked }), record, LOG)
    expect(noted).toEqual([])
    reportPlugins(plugins([held({ bundle: undefined })]), record, LOG)
    expect(noted).toMatchObject([
      { event: 'approval.refused', details: { at: 'start', plugin: 'sensors', state: 'damaged' } },
    ])
  })
})

describe('an event of a plugin', () => {
  const event: PluginEvent = {
    event: 'plugin.quarantined',
    pluginName: 'sensors',
    version: '1.0.0',
    digest: `sha256:${'0'.repeat(64)}`,
    code: 'ERR_PLUGIN_CRASHED',
    message: 'it fell',
    stderr: 'private words',
  }

  it('that puts it aside is kept with its reason, and without what the plugin printed', () => {
    const { record, noted, quarantine } = makeRecord()
    notePluginEvent(record, event, LOG)
    expect(quarantine).toMatchObject([{ reason: 'ERR_PLUGIN_CRASHED: it fell', sinceMs: NOW }])
    expect(noted).toMatchObject([{ event: 'plugin.quarantined' }])
    expect(JSON.stringify(noted)).not.toContain('private')
  })

  it('of another kind puts nothing aside', () => {
    const { record, quarantine } = makeRecord()
    notePluginEvent(record, { ...event, event: 'plugin.crashed' }, LOG)
    expect(quarantine).toEqual([])
  })

  it('that cannot be kept does not end the agent', () => {
    const { record } = makeRecord()
    const full = {
      ...record,
      note() {
        throw new CodedError('ERR_STORE_WRITE', 'disk full')
      },
    } as AgentRecord
    expect(() => notePluginEvent(full, event, LOG)).not.toThrow()
  })
})
