// SPDX-License-Identifier: Apache-2.0
/** A run that was cut off is taken up by the bundle that began it, and by no other. */
import { describe, expect, it } from '@jest/globals'
import { checkResumable } from '../../src/admission/index.ts'
import { digestOf } from '../../src/crypto/index.ts'
import { broken, bundle, makePorts, MINUTE, NOW } from '../support/site.ts'

const DIGEST = digestOf(bundle)

describe('a run that was cut off', () => {
  it('may be resumed by the bundle that began it', () => {
    expect(checkResumable('sensors/read', DIGEST, makePorts())).toMatchObject({
      ok: true,
      value: { plugin: { digest: DIGEST }, jobName: 'read', jobManifest: { effect: 'read' } },
    })
  })

  it.each([
    ['another bundle', 'sensors/read', digestOf(new Uint8Array(1)), 'digest_mismatch'],
    ['a plugin that is not there', 'docker/read', DIGEST, 'not_approved'],
    ['a job type that is not there', 'sensors/write', DIGEST, 'unknown_job_type'],
  ])('may not be resumed by %s', (_, jobType, digest, reason) => {
    const checked = checkResumable(jobType, digest, makePorts())
    expect(checked).toMatchObject({ ok: false, refusal: { reason } })
  })

  it('may not be resumed when the approval is over or the store cannot say', () => {
    const clock = { now: () => NOW + 2_000 * MINUTE, highest: () => NOW }
    const late = checkResumable('sensors/read', DIGEST, makePorts({ clock }))
    expect(late).toMatchObject({ ok: false, refusal: { reason: 'not_approved' } })
    const lost = checkResumable('sensors/read', DIGEST, makePorts({ approvals: { find: broken } }))
    expect(lost).toMatchObject({ ok: false, refusal: { reason: 'store_unavailable' } })
  })
})
