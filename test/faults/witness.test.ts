// SPDX-License-Identifier: Apache-2.0
/** The hub has a copy of every agent's log that its readers can check; an agent whose state was put back says so. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { auditOrigin, openCopy, type CopyReport } from '@sallyport/core/audit'
import { open } from '@sallyport/core/crypto'
import { decodeBase64url, encodeBase64url } from '@sallyport/core/protocol'
import { isCodedError } from '@sallyport/sdk'
import { randomUUIDv7 } from 'node:crypto'
import { cpSync, rmSync } from 'node:fs'
import { auditEvents } from '../support/audit.ts'
import { Field } from '../support/field.ts'
import type { KnownAgent } from '../support/operator.ts'

let field: Field
let agent: KnownAgent

beforeAll(async () => {
  ;({ field, agent } = await Field.openWithCounter())
})

afterAll(async () => {
  await field[Symbol.asyncDispose]()
})

function addJob(key: string) {
  return field.operator.job(agent, { jobType: 'counter/add', input: { key } })
}

/** The copy at the hub, opened by the operator. */
async function copyAtHub(): Promise<CopyReport> {
  const { hub, identity } = field.operator
  const { segments, head } = await hub.readAudit(agent.agentId)
  return openCopy(
    { segments, head },
    {
      origin: auditOrigin(agent.agentId),
      publicKey: decodeBase64url(agent.signingKey),
      reader: encodeBase64url(identity.sealing.publicKey),
      async open(sealed) {
        try {
          return await open(sealed, identity.sealing, 1_000_000)
        } catch (error) {
          if (isCodedError(error) && error.code === 'ERR_NOT_A_READER') return undefined
          throw error
        }
      },
    },
  )
}

describe('the copy of a log at the hub', () => {
  it('has every entry up to the end of the agent, under a head that both signed', async () => {
    const key = randomUUIDv7()
    await field.operator.run(agent, { jobType: 'counter/add', input: { key } })
    await field.end('pve1')
    const own = auditEvents(field.stateDir('pve1'))
    const report = await copyAtHub()
    expect(report).toMatchObject({ isWhole: true, faults: [], missing: [] })
    expect(report.entries.map(({ entry }) => entry)).toEqual(own)
    expect(own.slice(-2).map(({ event }) => event)).toEqual(['agent.stopped', 'plugin.stopped'])
  })
})

describe('a state directory that was put back', () => {
  it('begins an epoch on record, and refuses every job issued before', async () => {
    const stateDir = field.stateDir('pve1')
    const backup = `${stateDir}-backup`
    cpSync(stateDir, backup, { recursive: true })
    const early = addJob('early')
    const envelope = field.operator.sign(early)
    await field.startAgent('pve1')
    await field.operator.run(agent, { jobType: 'counter/add', input: { key: 'lost' } })
    await field.end('pve1')
    rmSync(stateDir, { recursive: true })
    cpSync(backup, stateDir, { recursive: true })

    const running = await field.startAgent('pve1')
    const label = await field.operator.submit(agent, envelope, early.jobId)
    const answer = await field.operator.answerTo(agent, label, 30_000)
    expect(answer).toMatchObject({ state: 'refused', refusal: { reason: 'before_epoch' } })
    const events = auditEvents(stateDir)
    const setBack = events.find(({ event }) => event === 'audit.set-back')!
    expect(setBack.details).toMatchObject({ lostEpoch: 0 })
    expect(events[setBack.index + 1]).toMatchObject({ event: 'epoch.begun', details: { epoch: 1 } })
    expect(running.output().stderr).toContain('this agent was set back')

    await field.end('pve1')
    const report = await copyAtHub()
    expect(report).toMatchObject({ isWhole: true, head: { epoch: 1 } })
    expect(report.entries.map(({ entry }) => entry)).toEqual(auditEvents(stateDir))
  })
})
