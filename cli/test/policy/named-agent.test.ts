// SPDX-License-Identifier: Apache-2.0
/** What does not follow when an agent's host gets another name. */
import { randomBytes, randomUUIDv7 } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from '@jest/globals'
import {
  foundSite,
  makeSigningKey,
  openRoot,
  publicIdentity,
  revealRoot,
} from '@sallyport/core/crypto'
import { THRESHOLD_PROFILES } from '@sallyport/core/protocol'
import type { RootKey, Schedule } from '@sallyport/core/protocol'
import { encodeSiteFile } from '@sallyport/core/transport'
import { keepPolicy } from '../../src/operator/kept-roots.ts'
import { writeRecord } from '../../src/operator/records.ts'
import { ScheduleRecord } from '../../src/operator/schedules.ts'
import { siteOf } from '../../src/operator/site.ts'
import { hangingOn } from '../../src/policy/named-agent.ts'
import { homeLayout } from '../../src/home.ts'
import { NOW, identityOf } from '../support/site.ts'

const AGENT = { agentId: randomUUIDv7(), name: 'pve1' }
const nowMs = Date.parse(NOW)
const text = `@id("nights") permit (principal, action, resource in Sallyport::Agent::"pve1");
  permit (principal, action, resource in Sallyport::Agent::"pve2");`
const folders: string[] = []
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))))

/** A site with that policy; a customer of it is concerned with the agent. */
async function site() {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-named-'))
  folders.push(folder)
  const home = homeLayout(folder)
  const founded = foundSite({
    siteId: randomUUIDv7(),
    siteName: 'home',
    operator: publicIdentity(identityOf('ada')),
    rootKeys: [makeSigningKey(randomBytes(32))],
    thresholds: THRESHOLD_PROFILES.homelab,
    policyText: text,
    nowMs,
    expiresAtMs: nowMs + 86_400_000,
    random: randomBytes,
  })
  const named = siteOf(revealRoot(openRoot(founded.root), founded.nameKey))
  const customer = { ...named.root.root.keys.at(-1)!, role: 'customer', holder: 'cleo' } as RootKey
  const keys = [...named.root.root.keys, { ...customer, concerns: ['agent/pve1', 'guest/101'] }]
  await mkdir(home.operator.folder, { recursive: true })
  await writeFile(home.operator.site, encodeSiteFile(founded.root))
  await keepPolicy(home, founded.policy)
  const root = { ...named.root, root: { ...named.root.root, keys } }
  return { home, site: { ...named, root }, now: () => nowMs }
}

const schedule = (name: string, order: ScheduleRecord['order'], agentId = AGENT.agentId) => ({
  format: 'sallyport-schedule-record-1' as const,
  agentId,
  schedule: {
    ...{ scheduleId: randomUUIDv7(), siteId: AGENT.agentId, agentIds: [agentId], name },
    ...{ requestedBy: 'A'.repeat(43), cron: '0 3 * * *', timeZone: 'UTC', jitterSeconds: 0 },
    ...{ catchUp: 'skip', jobType: 'sensors/read', input: {}, issuedAt: NOW, notBefore: NOW },
    ...{ expiresAt: '2026-12-22T08:00:00.000Z', readers: ['A'.repeat(43)] },
  } as Schedule,
  digest: `sha256:${'0'.repeat(64)}`,
  signer: 'ada',
  state: 'accepted' as const,
  order,
  orderedAt: null,
})

describe('an agent that gets another name', () => {
  it('leaves behind the rules, customers and schedules that go by the old one', async () => {
    const operator = await site()
    const rows = [
      schedule('nightly', null),
      schedule('paused', 'pause'),
      schedule('gone', 'remove'),
      schedule('elsewhere', null, randomUUIDv7()),
    ]
    for (const row of rows) {
      const path = join(
        operator.home.operator.folder,
        'schedules',
        `${row.schedule.scheduleId}.json`,
      )
      await writeRecord(path, ScheduleRecord, row)
    }
    expect(await hangingOn(operator, AGENT)).toEqual({
      rules: ['nights'],
      customers: ['cleo'],
      plugins: [],
      schedules: ['nightly', 'paused'],
    })
  })

  it('leaves nothing behind where nothing goes by its name', async () => {
    const none = { rules: [], customers: [], plugins: [], schedules: [] }
    const other = { agentId: randomUUIDv7(), name: 'nas' }
    expect(await hangingOn(await site(), other)).toEqual(none)
  })
})
