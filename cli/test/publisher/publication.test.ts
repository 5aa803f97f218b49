// SPDX-License-Identifier: Apache-2.0
/** The signature beside a bundle: whose it is, of what, and until when. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import {
  expectPublication,
  expectUnsigned,
  publicationState,
  publish,
  readPublication,
} from '../../src/publisher/publication.ts'
import { bundleIn, manifestWith, named, publisherOf } from '../support/bundles.ts'

const NOW = Date.parse('2026-11-22T08:00:00.000Z')
const WINDOW = { issuedAtMs: NOW, expiresAtMs: NOW + 60_000 }
const ada = publisherOf('ada')

let folder: string
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'sallyport-publication-'))))
afterEach(() => rm(folder, { recursive: true, force: true }))

describe('a publication', () => {
  it('lies beside its bundle and names its publisher', async () => {
    const bundle = await bundleIn(folder)
    await publish(bundle, ada, WINDOW)
    const read = await expectPublication(bundle, NOW)
    expect(read.file).toBe(`${bundle.file}.sig`)
    expect(read.publication.publisher).toEqual(named(ada))
    expect(read.publication.plugin.digest).toBe(bundle.digest)
    expect(Object.keys(read.publication.parts)).toEqual(['licenses.txt', 'plugin.mjs'])
    expect(read.keyId).toBe(ada.signing.keyId)
  })

  it('that is missing is said with the commands that make it', async () => {
    const bundle = await bundleIn(folder)
    expect(await readPublication(bundle)).toBeUndefined()
    await expect(expectPublication(bundle, NOW)).rejects.toMatchObject({
      code: 'ERR_BUNDLE_UNSIGNED',
      exit: 3,
      commands: ['sallyport plugin keygen', `sallyport plugin sign ${bundle.file}`],
    })
  })

  it('of another bundle is not taken', async () => {
    const bundle = await bundleIn(folder)
    const other = await bundleIn(folder, manifestWith({}, '2.0.0'))
    await publish(other, ada, WINDOW)
    await writeFile(`${bundle.file}.sig`, await readFile(`${other.file}.sig`))
    await expect(readPublication(bundle)).rejects.toMatchObject({
      code: 'ERR_PUBLICATION',
      message: expect.stringContaining('of another bundle'),
    })
  })

  it('whose signature or form was altered is not taken', async () => {
    const bundle = await bundleIn(folder)
    const { envelope } = await publish(bundle, ada, WINDOW)
    const text = Buffer.from(envelope).toString('utf8')
    const at = text.indexOf('"sig":"') + 20
    const altered = `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`
    for (const bytes of [altered, 'nothing', '']) {
      await writeFile(`${bundle.file}.sig`, bytes)
      await expect(readPublication(bundle)).rejects.toMatchObject({
        code: 'ERR_PUBLICATION',
        exit: 3,
      })
    }
  })

  it('counts within its window, give or take the clocks', async () => {
    const bundle = await bundleIn(folder)
    const { publication } = await publish(bundle, ada, WINDOW)
    expect(publicationState(publication, NOW + 59_999)).toBe('valid')
    expect(publicationState(publication, NOW + 60_000)).toBe('expired')
    expect(publicationState(publication, NOW - 30_000)).toBe('valid')
    expect(publicationState(publication, NOW - 30_001)).toBe('not yet valid')
    await expect(expectPublication(bundle, NOW + 60_000)).rejects.toMatchObject({
      code: 'ERR_PUBLICATION',
      message: expect.stringContaining('expired'),
    })
  })

  it('is not replaced unasked', async () => {
    const bundle = await bundleIn(folder)
    expect(() => expectUnsigned(bundle.file)).not.toThrow()
    await publish(bundle, ada, WINDOW)
    expect(() => expectUnsigned(bundle.file)).toThrowCode('ERR_PUBLICATION_EXISTS')
  })
})
