// SPDX-License-Identifier: Apache-2.0
/** Answers are believed only when everything about them fits. */
import { randomUUIDv7 } from 'node:crypto'
import { digestOf, seal, signDocument } from '@sallyport/core/crypto'
import { documents } from '@sallyport/core/protocol'
import type { Result } from '@sallyport/core/protocol'
import { describe, expect, it } from '@jest/globals'
import { openResult } from '../../src/operator/results.ts'
import { AnsweringAgent, identityOf, operatorOf } from '../support/site.ts'

const operator = operatorOf(identityOf('ada'), '/nowhere')
const agent = new AnsweringAgent('pve1')
const other = new AnsweringAgent('pve2')
const jobId = randomUUIDv7()
const question = { envelopeId: jobId, digest: digestOf(Buffer.from('the signed job')), jobId }

const right = () => agent.result(operator, question)
const openIt = (sealed: string) => openResult(operator, agent.record, sealed, question)

describe('an answer', () => {
  it('that is right is opened, with its place in the audit log', async () => {
    const { result, audit } = await openIt(await agent.send(operator, right()))
    expect(result.output).toEqual({ ok: true })
    expect(audit.treeSize).toBe(audit.index + 1)
    expect(audit.root).toHaveLength(32)
  })

  it('that refuses what could not be read need not name it', async () => {
    const refusal = { reason: 'unsealable', details: {} } as const
    const result: Result = { ...right(), state: 'refused', refusal, jobId: null, jobDigest: null }
    delete result.output
    expect((await openIt(await agent.send(operator, result))).result.refusal).toEqual(refusal)
  })

  const ALTERED: readonly [what: string, alter: (result: Result) => Result, says: string][] = [
    ['of another site', (result) => ({ ...result, siteId: randomUUIDv7() }), 'another site'],
    ['of another agent', (result) => ({ ...result, agentId: randomUUIDv7() }), 'another agent'],
    [
      'to another envelope',
      (result) => ({ ...result, envelopeId: randomUUIDv7() }),
      'another envelope',
    ],
    ['to another job', (result) => ({ ...result, jobId: randomUUIDv7() }), 'another job'],
    ['to no job', (result) => ({ ...result, jobId: null }), 'another job'],
    [
      'to other bytes',
      (result) => ({ ...result, jobDigest: digestOf(Buffer.from('x')) }),
      'other bytes',
    ],
    [
      'that names no bytes and was not refused',
      (result) => ({ ...result, jobDigest: null }),
      'other bytes',
    ],
    [
      'for another reader',
      (result) => ({ ...result, readers: [other.record.identity.sealingKey] }),
      'sealed anew',
    ],
    [
      'proved in the log of another agent',
      (result) => ({ ...result, audit: other.result(operator, question).audit }),
      'head of the audit log',
    ],
    [
      'proved by an entry about another envelope',
      (result) => ({
        ...result,
        audit: agent.result(operator, { ...question, envelopeId: randomUUIDv7() }).audit,
      }),
      'something else',
    ],
    [
      'proved by an entry that was altered',
      (result) => ({
        ...result,
        audit: {
          ...result.audit,
          entry: Buffer.from(`${Buffer.from(result.audit.entry, 'base64url')} `).toString(
            'base64url',
          ),
        },
      }),
      'not in the audit log',
    ],
    [
      'with a proof for another place',
      (result) => ({ ...result, audit: { ...result.audit, index: 0 } }),
      'not in the audit log',
    ],
    [
      'with a proof for another size',
      (result) => ({ ...result, audit: { ...result.audit, treeSize: result.audit.treeSize + 1 } }),
      'not in the audit log',
    ],
  ]

  it.each(ALTERED)('%s is not believed, although the agent signed it', async (_, alter, says) => {
    const sealed = await agent.send(operator, alter(right()))
    await expect(openIt(sealed)).rejects.toMatchObject({
      code: 'ERR_RESULT_UNVERIFIED',
      message: expect.stringContaining(says),
    })
  })

  it('signed by another agent is not believed', async () => {
    const sealed = await agent.send(operator, right(), other.identity)
    await expect(openIt(sealed)).rejects.toThrowCode('ERR_RESULT_UNVERIFIED')
  })

  it('signed by an operator is not believed', async () => {
    const sealed = await agent.send(operator, right(), operator.identity)
    await expect(openIt(sealed)).rejects.toThrowCode('ERR_RESULT_UNVERIFIED')
  })

  it('that is another kind of document is not believed', async () => {
    const approval = {
      approvalId: randomUUIDv7(),
      siteId: operator.site.siteId,
      agentIds: [agent.record.agentId],
      plugin: { name: 'p', version: '1.0.0', digest: question.digest },
      publisher: { name: 'acme', key: 'A'.repeat(43) },
      publication: 'e30',
      jobs: {},
      bindings: [],
      overrides: [],
      issuedAt: '2026-11-22T08:00:00.000Z',
      expiresAt: '2026-11-23T08:00:00.000Z',
      readers: [...operator.readers],
    }
    const signed = signDocument(documents.approval, approval, agent.identity.signing)
    await expect(openIt(await seal(signed, operator.readers))).rejects.toThrowCode(
      'ERR_RESULT_UNVERIFIED',
    )
  })

  it('that is sealed to someone else, cut off or no text of ours is an error', async () => {
    const sealed = await agent.send(operator, right())
    const foreign = await agent.send(operatorOf(identityOf('eve'), '/nowhere'), right())
    await expect(openIt(foreign)).rejects.toThrowCode('ERR_NOT_A_READER')
    await expect(openIt(sealed.slice(0, -2))).rejects.toThrowCode('ERR_SEALED_FORM')
    await expect(openIt('{}')).rejects.toThrowCode('ERR_SEALED_FORM')
  })
})
