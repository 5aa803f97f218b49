// SPDX-License-Identifier: Apache-2.0
/** A publisher's keys: made once, locked, private, and never those of an operator. */
import { copyFile, mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { publicIdentity } from '@sallyport/core/crypto'
import { Secret } from '@sallyport/sdk'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { homeLayout } from '../../src/home.ts'
import type { Home } from '../../src/home.ts'
import { writeApproval } from '../../src/operator/approvals.ts'
import { makeOperator } from '../../src/operator/identity.ts'
import {
  expectNoPublisher,
  expectNotOperators,
  expectPublisher,
  makePublisher,
  ownPublisher,
  unlockPublisher,
} from '../../src/publisher/identity.ts'
import { knownPublishers, lookUp, publisherText } from '../../src/publisher/known.ts'
import { named, publisherOf, recordOf } from '../support/bundles.ts'

const PASSPHRASE = new Secret('correct horse battery')
const typed = async (): Promise<Secret> => PASSPHRASE

let folder: string
let home: Home
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sallyport-publisher-'))
  home = homeLayout(join(folder, 'one'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe("a publisher's keys", () => {
  it('are asked for before a passphrase is', () => {
    expect(() => expectPublisher(home)).toThrowCode('ERR_NO_PUBLISHER')
    expect(() => expectNoPublisher(home)).not.toThrow()
  })

  it('are made once, private, and open under the passphrase', async () => {
    const made = await makePublisher(home, 'ada', PASSPHRASE)
    expect((await stat(home.publisher.keys)).mode & 0o777).toBe(0o600)
    expect((await stat(dirname(home.publisher.keys))).mode & 0o777).toBe(0o700)
    expect(await ownPublisher(home)).toEqual(made)
    expect(named(await unlockPublisher(home, typed))).toEqual(made)
    const before = await readFile(home.publisher.keys)
    await expect(makePublisher(home, 'eve', PASSPHRASE)).rejects.toThrowCode('ERR_KEY_FILE_EXISTS')
    expect(() => expectNoPublisher(home)).toThrowCode('ERR_PUBLISHER_EXISTS')
    expect(await readFile(home.publisher.keys)).toEqual(before)
    const wrong = async (): Promise<Secret> => new Secret('another passphrase')
    await expect(unlockPublisher(home, wrong)).rejects.toThrowCode('ERR_PASSPHRASE')
  })

  it("sign nothing when they are an operator's, put where the publisher's should be", async () => {
    const other = homeLayout(join(folder, 'two'))
    await makeOperator(other, {
      name: 'ada',
      siteName: 'home',
      hub: 'http://127.0.0.1:1',
      passphrase: PASSPHRASE,
      profile: 'homelab',
    })
    await mkdir(dirname(other.publisher.keys))
    await copyFile(other.operator.keys, other.publisher.keys)
    await expect(unlockPublisher(other, typed)).rejects.toThrowCode('ERR_PUBLISHER_KEY')
  })

  it("vouch for nothing when they are an operator's of the site", () => {
    const ada = publisherOf('ada')
    const operators = [publicIdentity(ada)]
    expect(() => expectNotOperators(named(ada), operators)).toThrowCode('ERR_PUBLISHER_KEY')
    expect(() => expectNotOperators(named(publisherOf('bob')), operators)).not.toThrow()
  })
})

describe('a known publisher', () => {
  it('is the own one, or one whose plugin an agent accepted; its name alone says nothing', async () => {
    const [known, refused] = [publisherOf('maker'), publisherOf('eve')]
    await writeApproval(home, recordOf({ publisher: named(known) }))
    await writeApproval(home, recordOf({ publisher: named(known) }))
    await writeApproval(home, recordOf({ publisher: named(refused), state: 'refused' }))
    expect((await knownPublishers(home)).map(({ name }) => name)).toEqual(['ada', 'maker'])
    expect(await lookUp(home, named(known))).toMatchObject({ isKnown: true })
    expect(await lookUp(home, named(refused))).toMatchObject({ isKnown: false })
    const namesake = await lookUp(home, named(publisherOf('maker')))
    expect(publisherText(namesake)).toMatch(/^maker \(new key SHA256:.{8}\)$/)
  })
})
