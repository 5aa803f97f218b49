// SPDX-License-Identifier: Apache-2.0
/** Which agents a restored hub is told to serve no more. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { randomBytes, randomUUIDv7 } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeIdentity, publicIdentity } from '@sallyport/core/crypto'
import { homeLayout, type Home } from '../../src/home.ts'
import { writeAgent, type AgentRecord } from '../../src/operator/agents.ts'
import { keepRevokedAgent, revokedAgentIds } from '../../src/operator/revoked-agents.ts'

const DAYS = ['2026-01-01T00:00:00.000Z', '2026-01-02T00:00:00.000Z'] as const

describe('the agents that are nobody any more', () => {
  let home: Home
  beforeEach(async () => {
    home = homeLayout(await mkdtemp(join(tmpdir(), 'sallyport-cli-')))
  })
  afterEach(() => rm(home.folder, { recursive: true }))

  const known = async (name: string, codeMadeAt: string, changes: Partial<AgentRecord> = {}) => {
    const agentId = randomUUIDv7()
    await writeAgent(home, {
      format: 'sallyport-agent-record-1',
      agentId,
      name,
      enrolmentId: null,
      codeMadeAt,
      codeExpiresAt: codeMadeAt,
      sealedProofKey: null,
      identity: publicIdentity(makeIdentity(name, randomBytes(64))),
      pinnedAt: codeMadeAt,
      hostname: null,
      agentVersion: null,
      ...changes,
    })
    return agentId
  }

  it('are none at first', async () => {
    await known('pve1', DAYS[0])
    expect(await revokedAgentIds(home)).toEqual([])
  })

  it('are those that were sent away, by this operator or by a colleague', async () => {
    await known('pve1', DAYS[0])
    const colleagues = await known('pve2', DAYS[0], { revokedAt: DAYS[1] })
    const agentId = randomUUIDv7()
    const revoked = { format: 'sallyport-revoked-agent-1', agentId, name: 'pve3' } as const
    await keepRevokedAgent(home, { ...revoked, revokedAt: DAYS[1] })
    expect(await revokedAgentIds(home)).toEqual([agentId, colleagues])
  })

  it('are those whose place a later one has taken, once it has come', async () => {
    const before = await known('pve1', DAYS[0])
    const codeOnly = { identity: null, pinnedAt: null }
    await known('pve2', DAYS[0])
    await known('pve2', DAYS[1], codeOnly)
    await known('pve1', DAYS[1])
    expect(await revokedAgentIds(home)).toEqual([before])
  })
})
