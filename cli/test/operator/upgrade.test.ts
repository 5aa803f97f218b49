// SPDX-License-Identifier: Apache-2.0
/** What of an upgrade must be said to be meant, and what the screen says of it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { approvedJobsOf } from '@sallyport/core/protocol'
import { endpoint, files, secret } from '@sallyport/sdk'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { expectMeant, upgradeOf } from '../../src/operator/upgrade.ts'
import { approvalScreen } from '../../src/output/approval-screen.ts'
import type { ApprovalShown } from '../../src/output/approval-screen.ts'
import { PLAIN } from '../../src/output/paint.ts'
import { publisherKeyId } from '../../src/publisher/identity.ts'
import { bundleIn, manifestWith, named, publisherOf, recordOf } from '../support/bundles.ts'
import { identityOf, pinned } from '../support/site.ts'

const agent = pinned(identityOf('pve1'))
const ada = named(publisherOf('ada'))
const before = recordOf({ agentId: agent.agentId, publisher: ada })
const digest = `sha256:${'b'.repeat(64)}`

const candidate = (version: string, publisher = ada) => ({
  plugin: { name: 'notes', version, digest },
  publisher,
})

describe('an upgrade', () => {
  it('needs nothing where nothing stands, or for a version that is not lower by the same publisher', () => {
    expect(upgradeOf(agent, undefined, candidate('0.0.1')).needs).toEqual([])
    for (const version of ['1.0.0', '1.0.1', '10.0.0']) {
      const upgrade = upgradeOf(agent, before, candidate(version))
      expect(upgrade.needs).toEqual([])
      expect(() => expectMeant([upgrade], candidate(version), [])).not.toThrow()
    }
  })

  it('to a lower version needs to be meant, a pre-release being lower', () => {
    for (const version of ['0.9.9', '1.0.0-rc.1']) {
      const upgrade = upgradeOf(agent, before, candidate(version))
      const meant = (given: 'lower_version'[]) => () =>
        expectMeant([upgrade], candidate(version), given)
      expect(meant([])).toThrowCode('lower_version')
      expect(meant(['lower_version'])).not.toThrow()
    }
  })

  it('by another key needs to be meant, also under the same name', () => {
    const other = candidate('2.0.0', named(publisherOf('ada')))
    const upgrade = upgradeOf(agent, before, other)
    expect(() => expectMeant([upgrade], other, [])).toThrowCode('other_publisher')
    expect(() => expectMeant([upgrade], other, ['lower_version'])).toThrowCode('other_publisher')
    expect(() => expectMeant([upgrade], other, ['other_publisher'])).not.toThrow()
  })
})

describe('the screen of an approval', () => {
  let folder: string
  beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'sallyport-screen-'))))
  afterAll(() => rm(folder, { recursive: true, force: true }))

  async function shown(changes: Partial<ApprovalShown> = {}): Promise<string> {
    const permissions = { pve: endpoint('pve', ['GET /version']), key: secret('token') }
    const manifest = manifestWith({ ...permissions, out: files.read('@exports/*') }, '0.5.0')
    const bundle = await bundleIn(folder, manifest)
    const publisher = named(publisherOf('eve'))
    const plugin = { name: 'notes', version: '0.5.0', digest: bundle.digest }
    const other = pinned(identityOf('pve2'))
    return approvalScreen(
      {
        bundle,
        publisher: { ...publisher, keyId: publisherKeyId(publisher), isKnown: false },
        approvable: { manifest, jobs: approvedJobsOf(manifest) },
        upgrades: [
          upgradeOf(agent, before, { plugin, publisher }),
          upgradeOf(other, undefined, { plugin, publisher }),
        ],
        left: ['pve3'],
        ...changes,
      },
      PLAIN,
    )
  }

  it('says loudly that publisher and version are others, and only where they are', async () => {
    const [, first, second] = (await shown()).split(/^On pve/m)
    expect(first).toMatch(/^1, replaces 1\.0\.0:/)
    expect(first).toContain('! another publisher: before it was ada SHA256:')
    expect(first).toContain('! a lower version: 1.0.0 stands, this is 0.5.0')
    expect(second).toMatch(/^2:/)
    expect(second).not.toContain('!')
  })

  it('names the bindings it needs with a line for each, and the agents left out', async () => {
    const text = await shown()
    expect(text).toMatch(/endpoint "pve" +sallyport agent bind notes pve /)
    expect(text).toMatch(/folder "exports" +sallyport agent bind notes exports /)
    expect(text).toMatch(/secret "token" +sallyport agent bind notes token /)
    expect(text).toContain('Left out, because not enrolled or not believed: pve3.')
  })

  it('says which job types are not approved', async () => {
    const manifest = manifestWith()
    const text = await shown({ approvable: { manifest, jobs: approvedJobsOf(manifest, []) } })
    expect(text).toContain('Not approved of it: read.')
  })
})
