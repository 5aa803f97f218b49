// SPDX-License-Identifier: Apache-2.0
/** What a revocation is about, which approvals it voids, and what the record knows of quarantines. */
import { randomUUIDv7 } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Result } from '@sallyport/core/protocol'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { homeLayout } from '../../src/home.ts'
import type { Home } from '../../src/home.ts'
import { readApprovals, writeApproval } from '../../src/operator/approvals.ts'
import { exitOf, forEachAgent } from '../../src/operator/each-agent.ts'
import { noteQuarantine } from '../../src/operator/releases.ts'
import { isRevoked } from '../../src/operator/revocations.ts'
import type { RevocationRecord } from '../../src/operator/revocations.ts'
import { subjectOf } from '../../src/operator/revoked-subject.ts'
import { audienceOf } from '../../src/operator/site-agents.ts'
import { EXIT } from '../../src/output/exit-codes.ts'
import { Problem } from '../../src/output/problem.ts'
import { publisherKeyId } from '../../src/publisher/identity.ts'
import { named, publisherOf, recordOf } from '../support/bundles.ts'
import { identityOf, pinned } from '../support/site.ts'

let home: Home
beforeEach(async () => {
  home = homeLayout(await mkdtemp(join(tmpdir(), 'sallyport-revocations-')))
})
afterEach(() => rm(home.folder, { recursive: true, force: true }))

const typed = { name: undefined, digest: undefined, publisher: undefined }
const digest = `sha256:${'a'.repeat(64)}`

describe('the subject of a revocation', () => {
  it('is a plugin, a bundle or a publisher, and exactly one of them', async () => {
    expect(await subjectOf(home, { ...typed, name: 'notes' })).toEqual({ plugin: 'notes' })
    expect(await subjectOf(home, { ...typed, digest })).toEqual({ digest })
    for (const wrong of [typed, { ...typed, name: 'notes', digest }]) {
      await expect(subjectOf(home, wrong)).rejects.toThrowCode('ERR_USAGE')
    }
    await expect(subjectOf(home, { ...typed, name: 'No' })).rejects.toThrowCode('ERR_USAGE')
    await expect(subjectOf(home, { ...typed, digest: 'sha256:ab' })).rejects.toThrowCode(
      'ERR_USAGE',
    )
  })

  it('is a known publisher by key, key id or fingerprint, or a whole key that is not known', async () => {
    const ada = named(publisherOf('ada'))
    await writeApproval(home, recordOf({ publisher: ada }))
    const keyId = publisherKeyId(ada)
    const ways = [ada.key, keyId, `SHA256:${keyId}`, `SHA256:${keyId.slice(0, 8)}`]
    for (const publisher of ways) {
      expect(await subjectOf(home, { ...typed, publisher })).toEqual({ publisherKey: ada.key })
    }
    const { key } = named(publisherOf('eve'))
    expect(await subjectOf(home, { ...typed, publisher: key })).toEqual({ publisherKey: key })
  })

  it('is never guessed: not from a fingerprint nobody has, nor from too little of one', async () => {
    const ada = named(publisherOf('ada'))
    await writeApproval(home, recordOf({ publisher: ada }))
    const keyId = publisherKeyId(ada)
    const eve = publisherKeyId(named(publisherOf('eve')))
    for (const publisher of [
      `SHA256:${keyId.slice(0, 7)}`,
      'SHA256:',
      `SHA256:${eve}`,
      'ada',
      '',
    ]) {
      await expect(subjectOf(home, { ...typed, publisher })).rejects.toThrowCode(
        'ERR_PUBLISHER_UNKNOWN',
      )
    }
  })
})

describe('an approval', () => {
  const approval = recordOf()
  const revocation = (changes: Partial<RevocationRecord>): RevocationRecord => ({
    format: 'sallyport-revocation-record-1',
    revocationId: randomUUIDv7(),
    agentId: approval.agentId,
    subject: { plugin: 'notes' },
    why: '',
    issuedAt: '2026-11-22T08:00:00.000Z',
    state: 'accepted',
    ...changes,
  })

  it('is void by a revocation of its plugin, its bundle or its publisher', () => {
    const subjects = [
      { plugin: 'notes' },
      { digest: approval.plugin.digest },
      { publisherKey: approval.publisher.key },
    ]
    for (const subject of subjects)
      expect(isRevoked(approval, [revocation({ subject })])).toBe(true)
  })

  it('stands beside revocations of something else, on other agents, before it, or not taken', () => {
    const others: Partial<RevocationRecord>[] = [
      { subject: { plugin: 'other' } },
      { subject: { digest: `sha256:${'c'.repeat(64)}` } },
      { subject: { publisherKey: named(publisherOf('eve')).key } },
      { agentId: randomUUIDv7() },
      { issuedAt: '2026-11-22T07:59:59.999Z' },
      { state: 'sent' },
    ]
    for (const each of others) expect(isRevoked(approval, [revocation(each)])).toBe(false)
  })
})

describe('a quarantine', () => {
  const answer = (changes: object): Result =>
    ({
      jobType: 'notes/read',
      state: 'done',
      finishedAt: '2026-11-22T09:00:00.000Z',
      ...changes,
    }) as Result
  const quarantined = { state: 'refused', refusal: { reason: 'quarantined', details: {} } }

  it('is on record from the refusal that says so until a job runs again', async () => {
    const record = recordOf()
    await writeApproval(home, record)
    const note = async (changes: object) => {
      await noteQuarantine(home, record.agentId, answer(changes))
      return (await readApprovals(home))[0]!.quarantinedAt
    }
    expect(await note({ state: 'failed' })).toBeNull()
    expect(await note({ ...quarantined, finishedAt: '2026-11-22T07:00:00.000Z' })).toBeNull()
    expect(await note(quarantined)).toBe('2026-11-22T09:00:00.000Z')
    expect(await note({ state: 'failed' })).not.toBeNull()
    expect(await note({ jobType: 'other/read' })).not.toBeNull()
    expect(await note({})).toBeNull()
  })
})

describe('several agents', () => {
  const agents = ['pve1', 'pve2', 'pve3'].map((name) => pinned(identityOf(name)))
  const away = (exit: 3 | 4) =>
    new Problem('ERR_NO_ANSWER', 'x', { exit, unharmed: '', remedy: '' })

  it('are each asked, whatever becomes of another', async () => {
    const outcomes = await forEachAgent(agents, async ({ name }) => {
      if (name === 'pve2') throw away(EXIT.unreachable)
      return name
    })
    expect(outcomes).toMatchObject([
      { value: 'pve1' },
      { problem: { code: 'ERR_NO_ANSWER' } },
      { value: 'pve3' },
    ])
    expect(exitOf(outcomes)).toBe(EXIT.unreachable)
  })

  it('end with the code that their problems share, or with failed', () => {
    const [agent] = agents
    const outcome = (exit: 3 | 4) => ({ agent: agent!, problem: away(exit) })
    expect(exitOf([{ agent: agent!, value: 1 }])).toBe(EXIT.done)
    expect(exitOf([outcome(3), outcome(3)])).toBe(EXIT.refused)
    expect(exitOf([outcome(3), outcome(4)])).toBe(EXIT.failed)
  })

  it('are meant by --agent or by --site, never by both or neither', () => {
    expect(audienceOf({ agent: 'pve1', site: false })).toEqual({ agent: 'pve1' })
    expect(audienceOf({ site: true })).toEqual({ isSite: true })
    expect(() => audienceOf({ site: false })).toThrowCode('ERR_USAGE')
    expect(() => audienceOf({ agent: 'pve1', site: true })).toThrowCode('ERR_USAGE')
  })
})
