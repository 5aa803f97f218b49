// SPDX-License-Identifier: Apache-2.0
/** The fake for asking answers, refuses and remembers as the real one does. */
import { describe, expect, it } from '@jest/globals'
import { CodedError, ask } from '../../src/index.ts'
import { obey } from '../../src/testing/fake.ts'
import { fakeAsk } from '../../src/testing/index.ts'

describe('fakeAsk', () => {
  const others = {
    'proxmox/guest.list': { guests: [101] },
    'proxmox/guest.status': ({ vmid }: { vmid?: unknown }) => ({ vmid, state: 'running' }),
    'docker/image.list': () => {
      throw new CodedError('ERR_ASK_FAILED', 'away')
    },
  }

  it('answers with an output or by its input', async () => {
    const fake = fakeAsk(others)
    const asker = fake[obey](ask(['proxmox/guest.list', 'proxmox/guest.status']))
    expect(await asker.run('proxmox/guest.list', {})).toEqual({ guests: [101] })
    const status = await asker.run('proxmox/guest.status', { vmid: 7 })
    expect(status).toEqual({ vmid: 7, state: 'running' })
    expect(fake.calls.map(({ target }) => target)).toEqual([
      'proxmox/guest.list',
      'proxmox/guest.status',
    ])
  })

  it('refuses what the permission does not name, and what nobody answers', async () => {
    const asker = fakeAsk(others)[obey](ask(['docker/image.list', 'docker/none']))
    await expect(asker.run('proxmox/guest.list', {})).rejects.toMatchObject({
      code: 'ERR_HANDLE_DENIED',
    })
    await expect(asker.run('docker/none', {})).rejects.toMatchObject({ code: 'ERR_ASK_REFUSED' })
    await expect(asker.run('docker/image.list', {})).rejects.toMatchObject({
      code: 'ERR_ASK_FAILED',
    })
  })
})
