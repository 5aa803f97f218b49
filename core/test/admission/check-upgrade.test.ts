// SPDX-License-Identifier: Apache-2.0
/** An upgrade: which changes an operator must have meant. */
import { describe, expect, it } from '@jest/globals'
import { checkUpgrade } from '../../src/admission/index.ts'
import { encodeBase64url, instantOf, type Approval } from '../../src/protocol/index.ts'
import {
  broken,
  bundle,
  makeApproval,
  makePorts,
  MINUTE,
  NOW,
  signApproval,
  stranger,
} from '../support/site.ts'

const plugin = (version: string) => ({ ...makeApproval().plugin, version })
const other = { name: 'publisher', key: encodeBase64url(stranger.signing.publicKey) }

function upgrade(from: Partial<Approval> | Uint8Array, to: Partial<Approval>) {
  const approval = from instanceof Uint8Array ? from : signApproval(from)
  const ports = makePorts({ approvals: { find: () => ({ approval, bundle }) } })
  return checkUpgrade(makeApproval(to), ports)
}

describe('an upgrade', () => {
  it.each(['1.0.0', '1.0.1', '1.1.0-rc.1', '2.0.0'])('from 1.0.0 to %s passes', (version) => {
    expect(upgrade({ plugin: plugin('1.0.0') }, { plugin: plugin(version) }).ok).toBe(true)
  })

  it.each(['0.9.9', '1.0.0-rc.1'])('from 1.0.0 to %s must be meant', (version) => {
    const to = { plugin: plugin(version) }
    expect(upgrade({ plugin: plugin('1.0.0') }, to)).toRefuse('lower_version')
    for (const overrides of [['lower_version'], ['other_publisher', 'lower_version']] as const) {
      expect(upgrade({}, { ...to, overrides: [...overrides] }).ok).toBe(true)
    }
    expect(upgrade({}, { ...to, overrides: ['other_publisher'] })).toRefuse('lower_version')
  })

  it('to another publisher must be meant, whatever the name', () => {
    expect(upgrade({}, { publisher: other })).toRefuse('other_publisher')
    expect(upgrade({}, { publisher: other, overrides: ['lower_version'] })).toRefuse(
      'other_publisher',
    )
    expect(upgrade({}, { publisher: other, overrides: ['other_publisher'] }).ok).toBe(true)
  })

  it('is held against one that has expired too', () => {
    const ended = { plugin: plugin('2.0.0'), expiresAt: instantOf(NOW - MINUTE / 4) }
    expect(upgrade(ended, {})).toRefuse('lower_version')
  })

  it('is held against nothing that nobody signed, and against nothing when there is nothing', () => {
    expect(upgrade(signApproval({ plugin: plugin('2.0.0') }, stranger), {}).ok).toBe(true)
    const none = makePorts({ approvals: { find: () => undefined } })
    expect(checkUpgrade(makeApproval(), none).ok).toBe(true)
  })

  it('is refused when what stands cannot be read', () => {
    const unreadable = makePorts({ approvals: { find: broken } })
    expect(checkUpgrade(makeApproval(), unreadable)).toRefuse('store_unavailable')
  })
})
