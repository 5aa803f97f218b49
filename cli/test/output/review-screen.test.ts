// SPDX-License-Identifier: Apache-2.0
/** What a colleague reads before signing: all of it, in plain words, and nothing that hides. */
import { describe, expect, it } from '@jest/globals'
import { documents } from '@sallyport/core/protocol'
import { makeTrustedKey } from '@sallyport/core/crypto'
import type { Proposal } from '../../src/operator/proposals.ts'
import {
  countsText,
  isStillNeeded,
  needText,
  signatureStanding,
} from '../../src/operator/signatures.ts'
import { makePaint } from '../../src/output/paint.ts'
import { proposalJson, reviewScreen } from '../../src/output/review-screen.ts'
import { NOW, identityOf, pinned } from '../support/site.ts'

const paint = makePaint(process.stdout, false)
const agent = pinned(identityOf('pve1'))
const ann = makeTrustedKey('operator', 'ann', identityOf('ann').signing.publicKey)
const input = {
  vmid: 102,
  note: 'harmless\u001b[2K\u202etxt',
  long: 'x'.repeat(500),
  nested: { deep: ['a', null, false] },
}

function proposalOf(changes: Partial<Proposal> = {}, document = {}): Proposal {
  return {
    kind: documents.job,
    document: { jobType: 'proxmox/guest.destroy', input, plan: null, step: 'run', ...document },
    id: '01890000-0000-7000-8000-000000000001',
    siteId: '01890000-0000-7000-8000-000000000002',
    agentIds: [agent.agentId],
    readers: [],
    issuedAt: NOW,
    expiresAt: NOW,
    digest: `sha256:${'a'.repeat(64)}`,
    merged: new Uint8Array(),
    signers: [ann],
    proposer: ann,
    toSign: { jobType: 'proxmox/guest.destroy', effect: 'destroy', requestedBy: ann.keyId },
    standing: {
      need: { operators: 2, customers: 1 },
      have: { operators: 1, customers: 0 },
      isComplete: false,
    },
    approval: undefined,
    withdrawn: undefined,
    endsAt: NOW,
    ...changes,
  }
}

const screen = (proposal: Proposal): string =>
  reviewScreen({ proposal, state: 'awaiting', agents: [agent], nowMs: Date.parse(NOW) }, paint)

describe('the screen of a review', () => {
  it('says who wants what where, what it does, who has signed and who must', () => {
    const text = screen(proposalOf())
    expect(text).toContain('proxmox/guest.destroy on pve1: awaiting')
    expect(text).toMatch(/wanted by\s+ann \(operator, ed25519 SHA256:/)
    expect(text).toMatch(/effect\s+DESTROYS: what it takes away does not come back/)
    expect(text).toMatch(/signed by\s+ann \(operator\)/)
    expect(text).toMatch(/still needed\s+operators \(1 of 2\), customer \(0 of 1\)/)
    expect(text).toContain(`sha256:${'a'.repeat(64)}`)
  })

  it('shows every input, whole, with nothing that hides', () => {
    const text = screen(proposalOf())
    expect(text).toContain('"harmless\\u001b[2K\\u202etxt"')
    expect(text).toContain('x'.repeat(500))
    expect(text).toMatch(/nested\s+\{\s+"deep": \[\s+"a",\s+null,\s+false/)

    expect(text).not.toMatch(/[\u001b\u202e]/)
  })

  it('says that an effect is not known rather than guessing it', () => {
    const { toSign } = proposalOf()
    const text = screen(proposalOf({ toSign: { ...toSign, effect: undefined } }))
    expect(text).toMatch(/effect\s+not known here/)
  })

  it('shows the lines of the plan that would be signed', () => {
    const plan = { changes: [{ op: 'remove', what: 'guest 102 "web"\u001b[2J' }], state: { a: 1 } }
    const text = screen(proposalOf({}, { plan }))
    expect(text).toContain('- guest 102 "web"\\u{1b}[2J')
    expect(text).toMatch(/plan .*state sha256:/)
  })

  it('shows another document with every member', () => {
    const kind = documents.isolation as never
    const toSign = { jobType: 'sallyport/isolation', effect: 'change' as const }
    const document = { isIsolated: false, why: 'it was ben', issuedAt: NOW }
    const proposal = { ...proposalOf({ kind, toSign }), document }
    const text = screen(proposal)
    expect(text).toContain('isolation for pve1')
    expect(text).toMatch(/isIsolated\s+false/)
    expect(text).toMatch(/why\s+"it was ben"/)
    const shown = { proposal, state: 'awaiting', agents: [agent], nowMs: 0 } as const
    expect(proposalJson(shown)).toMatchObject({ kind: 'isolation', document, effect: 'change' })
  })
})

describe('the words for signatures', () => {
  const trust = {
    needFor: (_type: string, effect: string) =>
      effect === 'destroy' ? { operators: 2, customers: 1 } : { operators: 1, customers: 0 },
  }
  const of = (effect: 'read' | 'destroy' | undefined) =>
    signatureStanding({ jobType: 'p/x', effect }, [ann], trust)

  it('say how many, of whom, and which is yours', () => {
    expect(needText(of('destroy'), 'operator')).toBe(
      'needs 3 signatures: operators (1 of 2 with yours), customer (0 of 1)',
    )
    expect(needText(of('read'), 'operator')).toBe('needs 1 signature: operator (1 of 1 with yours)')
    const none = { need: { operators: 0, customers: 0 }, have: of('read').have, isComplete: true }
    expect(countsText(none)).toBe('anyone of the site')
  })

  it('take the most that any effect needs where the effect is not known', () => {
    expect(of(undefined)).toMatchObject({ isComplete: false, need: { operators: 2, customers: 1 } })
    expect(of('read').isComplete).toBe(true)
  })

  it('know whose signature would help', () => {
    expect(isStillNeeded(of('destroy'), 'operator')).toBe(true)
    expect(isStillNeeded(of('destroy'), 'customer')).toBe(true)
    expect(isStillNeeded(of('read'), 'operator')).toBe(false)
    expect(isStillNeeded(of('destroy'), 'agent')).toBe(false)
  })
})
