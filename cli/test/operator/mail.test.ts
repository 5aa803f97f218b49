// SPDX-License-Identifier: Apache-2.0
/** What the hub shows is believed only with the signatures that belong to it. */
import { randomUUIDv7 } from 'node:crypto'
import { digestOf, seal, signDocument } from '@sallyport/core/crypto'
import { documents, parseEnvelope } from '@sallyport/core/protocol'
import type { Job } from '@sallyport/core/protocol'
import type { EnvelopeView } from '@sallyport/core/transport'
import { describe, expect, it } from '@jest/globals'
import { readMail } from '../../src/operator/mail.ts'
import { AnsweringAgent, NOW, identityOf, operatorOf } from '../support/site.ts'

const operator = operatorOf(identityOf('ada'), '/nowhere')
const agent = new AnsweringAgent('pve1')

function jobOf(): Job {
  return {
    jobId: randomUUIDv7(),
    siteId: operator.site.siteId,
    agentId: agent.record.agentId,
    jobType: 'p/job',
    input: {},
    requestedBy: operator.identity.signing.keyId,
    step: 'run',
    plan: null,
    issuedAt: NOW,
    notBefore: NOW,
    expiresAt: NOW,
    readers: [...operator.readers, agent.record.identity.sealingKey],
  }
}

async function viewOf(
  job: Job,
  signer = operator.identity,
): Promise<EnvelopeView & { digest: string }> {
  const signed = signDocument(documents.job, job, signer.signing)
  return {
    digest: digestOf(parseEnvelope(signed, signed.length).payload),
    envelopeId: job.jobId,
    agentId: job.agentId,
    state: 'queued',
    queuedAt: NOW,
    deliveredAt: null,
    answeredAt: null,
    expiresAt: NOW,
    deliveryCount: 0,
    sealed: await seal(signed, job.readers),
    result: null,
  }
}

describe('what the hub shows', () => {
  it('is the job that an operator signed, and the answer to it', async () => {
    const job = jobOf()
    const { digest, ...view } = await viewOf(job)
    const result = agent.result(operator, { envelopeId: job.jobId, digest })
    const answered = { ...view, result: await agent.send(operator, result) }
    const mail = await readMail(operator, answered, [agent.record])
    expect(mail).toMatchObject({
      content: { kind: 'job', job, digest, signer: 'ada' },
      doubt: undefined,
    })
    expect(mail.answer!.result.state).toBe('done')
  })

  it('may be a revocation, a release or a pin, which is no job but the operator signed it', async () => {
    const common = {
      siteId: operator.site.siteId,
      agentIds: [agent.record.agentId],
      issuedAt: NOW,
      readers: [...operator.readers, agent.record.identity.sealingKey],
    }
    const revocationId = randomUUIDv7()
    const revocation = { ...common, revocationId, subject: { plugin: 'notes' }, why: '' }
    const releaseId = randomUUIDv7()
    const plugin = { name: 'notes', digest: `sha256:${'a'.repeat(64)}` }
    const release = { ...common, releaseId, plugin, expiresAt: NOW }
    const pinId = randomUUIDv7()
    const bound = { plugin: 'proxmox', binding: 'pve', sha256: 'ab'.repeat(32) }
    const pin = { ...common, pinId, ...bound, expiresAt: NOW }
    const { signing } = operator.identity
    const signed = [
      [pinId, 'pin', signDocument(documents.pin, pin, signing)],
      [revocationId, 'revocation', signDocument(documents.revocation, revocation, signing)],
      [
        releaseId,
        'quarantine-release',
        signDocument(documents.quarantineRelease, release, signing),
      ],
    ] as const
    const { digest: _, ...view } = await viewOf(jobOf())
    for (const [envelopeId, kind, bytes] of signed) {
      const shown = { ...view, envelopeId, sealed: await seal(bytes, common.readers) }
      const mail = await readMail(operator, shown, [agent.record])
      expect(mail).toMatchObject({ content: { kind, signer: 'ada' }, doubt: undefined })
      const relabelled = { ...shown, envelopeId: randomUUIDv7() }
      expect((await readMail(operator, relabelled, [agent.record])).content).toBeUndefined()
    }
  })

  it('is not believed when no operator of the site signed it', async () => {
    const { digest: _, ...view } = await viewOf(jobOf(), identityOf('eve'))
    const mail = await readMail(operator, view, [agent.record])
    expect(mail).toMatchObject({
      content: undefined,
      doubt: expect.stringContaining('unknown_key'),
    })
  })

  it('is not believed under the id of another job', async () => {
    const { digest: _, ...view } = await viewOf(jobOf())
    const mail = await readMail(operator, { ...view, envelopeId: randomUUIDv7() }, [agent.record])
    expect(mail).toMatchObject({
      content: undefined,
      doubt: expect.stringContaining('id of another'),
    })
  })

  it('is not believed when an answer to one job is put under another', async () => {
    const [one, two] = [jobOf(), jobOf()]
    const { digest } = await viewOf(one)
    const { digest: _, ...view } = await viewOf(two)
    const result = agent.result(operator, { envelopeId: one.jobId, digest })
    const mail = await readMail(operator, { ...view, result: await agent.send(operator, result) }, [
      agent.record,
    ])
    expect(mail).toMatchObject({
      answer: undefined,
      doubt: expect.stringContaining('another envelope'),
    })
  })

  it('has no answer that counts from an agent whose keys are not pinned', async () => {
    const job = jobOf()
    const { digest, ...view } = await viewOf(job)
    const result = agent.result(operator, { envelopeId: job.jobId, digest })
    const mail = await readMail(
      operator,
      { ...view, result: await agent.send(operator, result) },
      [],
    )
    expect(mail).toMatchObject({ answer: undefined, doubt: expect.stringContaining('not pinned') })
  })

  it('still carries the refusal of an agent when its own copy of the job was altered', async () => {
    const job = jobOf()
    const { digest, ...view } = await viewOf(job)
    const at = view.sealed.indexOf('"ciphertext":"') + 30
    const sealed = `${view.sealed.slice(0, at)}${view.sealed[at] === 'A' ? 'B' : 'A'}${view.sealed.slice(at + 1)}`
    const { output: _, ...rest } = agent.result(operator, { envelopeId: job.jobId, digest })
    const refusal = { reason: 'unsealable', details: {} } as const
    const result = await agent.send(operator, {
      ...rest,
      state: 'refused',
      refusal,
      jobId: null,
      jobDigest: null,
    })
    const mail = await readMail(operator, { ...view, sealed, result }, [agent.record])
    expect(mail.answer!.result.refusal!.reason).toBe('unsealable')
    expect(mail).toMatchObject({ content: undefined, doubt: 'cannot be opened' })
  })
})
