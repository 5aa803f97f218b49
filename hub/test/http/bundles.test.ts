// SPDX-License-Identifier: Apache-2.0
/** Bundles: stored under their digest and nothing else, per site. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { randomBytes } from 'node:crypto'
import { digestOf } from '@sallyport/core/crypto'
import { WIRE } from '@sallyport/core/transport'
import { TestSite, refusalOf } from '../support/site.ts'

describe('bundles', () => {
  let site: TestSite
  beforeEach(async () => {
    site = await TestSite.open({ bundlesPerSite: 2 })
  })
  afterEach(() => site[Symbol.asyncDispose]())

  it('come back byte for byte, to operators and agents', async () => {
    const agent = await site.enrol()
    const bytes = randomBytes(WIRE.maxBundleBytes)
    await site.operator.storeBundle(digestOf(bytes), bytes)
    await site.operator.storeBundle(digestOf(bytes), bytes)
    expect(Buffer.compare(await agent.client.fetchBundle(digestOf(bytes)), bytes)).toBe(0)
    expect(Buffer.compare(await site.operator.fetchBundle(digestOf(bytes)), bytes)).toBe(0)
  })

  it('are refused under another digest', async () => {
    const call = site.operator.storeBundle(digestOf(Buffer.from('other')), Buffer.from('bytes'))
    expect(await refusalOf(call)).toBe('400 ERR_BUNDLE_DIGEST')
  })

  it('are refused when they are too large', async () => {
    const bytes = new Uint8Array(WIRE.maxBundleBytes + 1)
    const call = site.operator.storeBundle(digestOf(bytes), bytes)
    expect(await refusalOf(call)).toBe('413 ERR_BODY_SIZE')
  })

  it('are refused from agents', async () => {
    const agent = await site.enrol()
    const bytes = Buffer.from('bytes')
    expect(await refusalOf(agent.client.storeBundle(digestOf(bytes), bytes))).toBe('403 ERR_ROLE')
  })

  it('are limited in number', async () => {
    const store = (text: string) =>
      site.operator.storeBundle(digestOf(Buffer.from(text)), Buffer.from(text))
    await store('one')
    await store('two')
    expect(await refusalOf(store('three'))).toBe('409 ERR_BUNDLE_QUOTA')
    expect(await refusalOf(store('two'))).toBe('nothing')
  })

  it('are unknown when nobody stored them', async () => {
    const call = site.operator.fetchBundle(digestOf(Buffer.from('none')))
    expect(await refusalOf(call)).toBe('404 ERR_BUNDLE_UNKNOWN')
  })
})
