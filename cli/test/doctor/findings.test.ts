// SPDX-License-Identifier: Apache-2.0
/** What the doctor says of Node, files and state. */
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { checkClock } from '../../src/doctor/check-clock.ts'
import { checkPrivate } from '../../src/doctor/check-files.ts'
import { groupFinding } from '../../src/doctor/check-sandbox.ts'
import { checkNode } from '../../src/doctor/check-node.ts'

let folder: string
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'sallyport-doctor-'))))
afterAll(() => rm(folder, { recursive: true }))

describe('the doctor on Node', () => {
  it('warns of every advisory that the version still has, and of no other', () => {
    const [finding] = checkNode('26.10.0')
    expect(finding).toMatchObject({ state: 'warning' })
    expect(finding!.text).toContain('CVE-2026-106071')
    expect(finding!.text).not.toContain('CVE-2026-48617')
    expect(finding!.remedy).toContain('26.12.1')
    expect(checkNode('26.3.0')[0]!.text).toContain('CVE-2026-48617')
  })

  it('is content with the first version that mends the last one, and with later ones', () => {
    for (const version of ['26.12.1', '26.13.0', '27.0.0']) {
      expect(checkNode(version)).toMatchObject([{ state: 'ok' }])
    }
    expect(checkNode('26.12.0')).toMatchObject([{ state: 'warning' }])
  })

  it('fails for a Node that is too old', () => {
    expect(checkNode('24.9.0')).toMatchObject([{ state: 'failed', code: 'ERR_NODE_VERSION' }])
  })
})

describe('the doctor on control groups', () => {
  it('warns when there are none, and fails when one does not hold', () => {
    expect(groupFinding({ state: 'stands', detail: 'pids' })).toMatchObject({ state: 'ok' })
    const absent = groupFinding({ state: 'absent', detail: 'none' })
    expect(absent).toMatchObject({ state: 'warning', text: 'control group: none' })
    expect(absent.remedy).toContain('Delegate=yes')
    expect(groupFinding({ state: 'fallen', detail: 'x' })).toMatchObject({ state: 'failed' })
  })
})

describe('the doctor on files', () => {
  it('says nothing of a folder that is not there', async () => {
    expect(await checkPrivate('x', join(folder, 'none'))).toEqual([])
  })

  it('names each secret and folder that others can enter, with the command that mends it', async () => {
    const place = join(folder, 'open')
    await mkdir(place, { mode: 0o700 })
    await writeFile(join(place, 'keys.json'), '', { mode: 0o600 })
    expect(await checkPrivate('x', place)).toMatchObject([{ state: 'ok' }])
    await chmod(join(place, 'keys.json'), 0o640)
    await chmod(place, 0o755)
    const findings = await checkPrivate('x', place)
    expect(findings.map(({ state, remedy }) => [state, remedy])).toEqual([
      ['failed', `chmod 700 ${place}`],
      ['failed', `chmod 600 ${join(place, 'keys.json')}`],
    ])
  })

  it('warns of a link where a file should be', async () => {
    const place = join(folder, 'linked')
    await mkdir(place, { mode: 0o700 })
    await symlink('/etc/hostname', join(place, 'keys.json'))
    expect(await checkPrivate('x', place)).toMatchObject([{ state: 'warning' }])
  })
})

describe('the doctor on the clock', () => {
  const now = Date.parse('2027-01-01T00:00:00Z')

  it('believes a clock that runs on', () => {
    expect(checkClock(now, now - 1_000, 60_000)).toMatchObject([{ state: 'ok' }])
    expect(checkClock(now, now + 30_000, 60_000)).toMatchObject([{ state: 'ok' }])
  })

  it('fails for one before this program, and for one before what was seen here', () => {
    expect(checkClock(0, 0, 0)).toMatchObject([{ state: 'failed', code: 'clock_untrusted' }])
    expect(checkClock(now, now + 120_000, 60_000)).toMatchObject([{ state: 'failed' }])
  })
})
