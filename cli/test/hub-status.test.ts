// SPDX-License-Identifier: Apache-2.0
/** What operators see of invalid attempts, and how a key is let in again by the name of its agent. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { randomUUIDv7 } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { publicIdentity } from '@sallyport/core/crypto'
import type { LimitStep } from '@sallyport/core/transport'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { writeAgent } from '../src/operator/agents.ts'
import type { Talk } from '../src/output/talk.ts'
import { makeTalk } from '../src/output/talk.ts'
import { hubLift, hubStatus } from '../src/work/hub-status.ts'
import { NOW, identityOf, operatorOf } from './support/site.ts'

const AT = NOW
const agent = identityOf('pve1')
const { keyId } = agent.signing

describe('the hub and invalid attempts', () => {
  let folder: string
  let steps: LimitStep[]
  let out: { keyId: string; role: string; since: string }[]
  let lifted: string[]
  let operator: ReturnType<typeof operatorOf>
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sallyport-status-'))
    steps = []
    out = []
    lifted = []
    operator = operatorOf(identityOf('ada'), folder, {
      address: 'http://127.0.0.1:1',
      readLimits: async () => ({ quarantined: out, steps }),
      liftKey: async (key) => {
        lifted.push(key)
        return { wasOut: key === keyId }
      },
    })
    await mkdir(operator.home.operator.folder, { recursive: true })
    await writeAgent(operator.home, {
      format: 'sallyport-agent-record-1',
      agentId: randomUUIDv7(),
      name: 'pve1',
      enrolmentId: null,
      codeMadeAt: AT,
      codeExpiresAt: AT,
      sealedProofKey: null,
      identity: publicIdentity(agent),
      pinnedAt: AT,
      hostname: null,
      agentVersion: null,
    })
  })
  afterEach(() => rm(folder, { recursive: true }))

  /** What a command says to people, and its document. */
  async function said(work: (talk: Talk) => Promise<unknown>) {
    let document: object = {}
    let screen = ''
    const talk = makeTalk({ isJson: false, isQuiet: true, isColoured: false })
    await work({
      ...talk,
      answer(given, draw) {
        document = given
        screen = draw()
      },
    })
    return { document, screen }
  }

  it('are shown with the name of the agent and the command that lifts it', async () => {
    out = [{ keyId, role: 'agent', since: AT }]
    steps = [
      { at: AT, step: 'quarantined', of: 'key', subject: keyId, count: 25 },
      { at: AT, step: 'locked-out', of: 'source', subject: '0123456789abcdef', count: 25 },
      { at: AT, step: 'uncounted', of: null, subject: null, count: null },
    ]
    const { document, screen } = await said((talk) => hubStatus(operator, talk))
    expect(screen).toContain('sallyport hub lift pve1')
    expect(screen).toMatch(/quarantined +pve1 +25/)
    expect(screen).toMatch(/locked-out +address 0123456789abcdef +25/)
    expect(document).toMatchObject({
      format: 'sallyport.hub-status/1',
      quarantined: [{ keyId, agent: 'pve1' }],
      steps,
    })
  })

  it('are shown by its key where it is none of the agents that this operator knows', async () => {
    const other = identityOf('other').signing.keyId
    out = [{ keyId: other, role: 'customer', since: AT }]
    const { screen } = await said((talk) => hubStatus(operator, talk))
    expect(screen).toContain(`customer SHA256:${other.slice(0, 8)}`)
    expect(screen).toContain(`sallyport hub lift ${other}`)
  })

  it('are nothing to speak of where there were none', async () => {
    const { screen } = await said((talk) => hubStatus(operator, talk))
    expect(screen).toBe('no invalid attempts worth a step')
  })

  it('are forgiven by the name of an agent, or by the key', async () => {
    const byName = await said((talk) => hubLift(operator, talk, 'pve1'))
    expect(byName.document).toEqual({ format: 'sallyport.hub-lift/1', keyId, wasOut: true })
    const byKey = await said((talk) => hubLift(operator, talk, 'k'.repeat(43)))
    expect(byKey.screen).toContain('was not out')
    expect(lifted).toEqual([keyId, 'k'.repeat(43)])
  })
})
