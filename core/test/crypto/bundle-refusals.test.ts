// SPDX-License-Identifier: Apache-2.0
/** Bundles that are made to hurt: each is refused by form or size although its digest is the one that was asked for. */
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from '@jest/globals'
import { digestOf, makeBundle, openBundle } from '@sallyport/core/crypto'
import { MAX_BUNDLE_BYTES, type PluginManifest } from '@sallyport/core/protocol'

const TEXT = 'export const plugin = {}'
const part = (text = TEXT) => ({ digest: digestOf(Buffer.from(text)), text })
const parts = { 'plugin.mjs': part(), 'licenses.txt': part('none') }
const manifest = { name: 'sensors', version: '0.1.0', summary: 'Readings', jobs: {} }
const job = {
  summary: 'Reads',
  effect: 'read',
  input: {},
  output: {},
  resources: {},
  permissions: {},
  limits: { perMinute: 1, timeoutMs: 1_000, maxOutputBytes: 100 },
  policyInputs: [],
  hasPlan: false,
  hasResume: false,
  hasVerify: false,
}

/** Text of a bundle with other members; names stand in it as they are given, `__proto__` too. */
function bundleText(changes: Readonly<Record<string, unknown>>): string {
  const whole = { format: 'sallyport-bundle-1', manifest, parts, ...changes }
  return JSON.stringify(whole)
}

const withPart = (name: string, value: unknown = part()) =>
  bundleText({ parts: Object.fromEntries([...Object.entries(parts), [name, value]]) })
const withJob = (name: string, value: unknown = job) =>
  bundleText({ manifest: { ...manifest, jobs: Object.fromEntries([[name, value]]) } })

/** Opens bytes under their own digest, so that only their form and size can stand against them. */
function open(content: string | Uint8Array) {
  const bytes = Buffer.from(content as string)
  return openBundle(bytes, digestOf(bytes))
}

/** As many members of this text as a bundle can hold. */
function filled(member: (index: number) => string): string {
  const members: string[] = []
  let size = 200
  for (let index = 0; size < MAX_BUNDLE_BYTES - 200; index += 1) {
    members.push(member(index))
    size += members[index]!.length + 1
  }
  return bundleText({ parts: {} }).replace('"parts":{}', `"parts":{${members.join(',')}}`)
}

describe('a bundle', () => {
  it('is opened when it is only what it should be', () => {
    expect(open(bundleText({})).manifest).toEqual(manifest)
    expect(open(withPart('notes.txt')).parts['notes.txt']).toEqual(part())
    expect(open(withJob('read')).manifest.jobs['read']).toEqual(job)
  })
})

describe('a bomb is refused before it costs anything', () => {
  it.each<[string, () => string | Uint8Array, string]>([
    ['one byte too many', () => ' '.repeat(MAX_BUNDLE_BYTES + 1), 'ERR_JSON_SIZE'],
    ['lists in lists', () => '['.repeat(MAX_BUNDLE_BYTES), 'ERR_JSON_FORM'],
    ['objects in objects', () => '{"a":'.repeat(1_000_000), 'ERR_JSON_FORM'],
    ['a schema too deep', () => withJob('read', { ...job, input: nested(33) }), 'ERR_JSON_FORM'],
    ['a million members', () => filled((index) => `"${index.toString(36)}":0`), 'ERR_JSON_SIZE'],
    [
      'as many values in a manifest',
      () => withJob('read', { ...job, input: { enum: Array(1_000_000).fill(0) } }),
      'ERR_JSON_SIZE',
    ],
    ['one name many times', () => filled(() => '"a":0'), 'ERR_JSON_DUPLICATE_KEY'],
    ['a name of a megabyte', () => withPart('a'.repeat(1_000_000)), 'ERR_BUNDLE_FORM'],
    ['packed bytes, which are never unpacked', () => gzipSync(bundleText({})), 'ERR_JSON_FORM'],
    ['an archive', () => Buffer.alloc(10_240), 'ERR_JSON_FORM'],
    ['nothing', () => '', 'ERR_JSON_FORM'],
  ])(
    '%s',
    (_, make, code) => {
      expect(() => open(make())).toThrowCode(code)
    },
    120_000,
  )

  it('and its million values are counted, not looked at one by one', () => {
    const content = filled((index) => `"p${index}":{}`)
    expect(() => open(content)).toThrow('more than 32768 values')
  }, 120_000)

  it('and is not made either', () => {
    const texts = { 'plugin.mjs': 'x'.repeat(MAX_BUNDLE_BYTES), 'licenses.txt': '' }
    expect(() => makeBundle(manifest as PluginManifest, texts)).toThrowCode('ERR_JSON_SIZE')
  })
})

describe('a part has a plain name', () => {
  it.each([
    '',
    '.',
    '..',
    '../agent',
    '/etc/passwd',
    'a/b',
    'a\\b',
    'C:',
    '.hidden',
    '-x',
    'A',
    'Plugin.mjs',
    'PLUGIN.MJS',
    'a b',
    'a\n',
    'a\u0000',
    'é',
    'ﬁ',
    'a\u202e',
    '%2e%2e',
    'a'.repeat(65),
  ])('not %j', (name) => expect(() => open(withPart(name))).toThrowCode('ERR_BUNDLE_FORM'))

  it.each(['__proto__', 'constructor', 'prototype'])('and not %s', (name) => {
    expect(() => open(withPart(name))).toThrowCode('ERR_JSON_FORM')
  })

  it('and has it alone, however it is spelt', () => {
    const twice = bundleText({}).replace('"licenses.txt"', '"plugin.mjs"')
    expect(() => open(twice)).toThrowCode('ERR_JSON_DUPLICATE_KEY')
    const spelt = bundleText({}).replace('"licenses.txt"', String.raw`"plugin\u002emjs"`)
    expect(() => open(spelt)).toThrowCode('ERR_JSON_DUPLICATE_KEY')
  })
})

describe('a part is text with its digest and nothing else', () => {
  it.each<[string, unknown]>([
    ['a link', { ...part(), link: '/etc/shadow' }],
    ['a mode', { ...part(), mode: 0o4755 }],
    ['a device', { ...part(), type: 'device' }],
    ['no text', { digest: part().digest }],
    ['no digest', { text: TEXT }],
    ['another algorithm', { ...part(), digest: `md5:${'0'.repeat(32)}` }],
    ['a list', [TEXT]],
    ['null', null],
  ])('not %s', (_, value) =>
    expect(() => open(withPart('more.txt', value))).toThrowCode('ERR_BUNDLE_FORM'),
  )

  it('whose digest is its own', () => {
    const wrong = { ...part(), text: 'other' }
    expect(() => open(withPart('more.txt', wrong))).toThrowCode('ERR_BUNDLE_DIGEST')
  })

  it('of whole characters', () => {
    const lone = bundleText({}).replace('none', String.raw`\ud800`)
    expect(() => open(lone)).toThrowCode('ERR_JSON_FORM')
    const bytes = Buffer.from(bundleText({}).replace('none', '\u00ff'), 'latin1')
    expect(() => open(bytes)).toThrowCode('ERR_JSON_FORM')
  })
})

describe('a plugin, its version and its job types have plain names', () => {
  const BAD = [
    '',
    '..',
    '../../agent',
    '/etc',
    'a/b',
    'A',
    '-a',
    '9',
    'a b',
    'a\u0000',
    'é',
    'x'.repeat(10_000),
  ].map(labelled)

  it.each(BAD)('no plugin is called %j', (_, name) => {
    expect(() => open(bundleText({ manifest: { ...manifest, name } }))).toThrowCode(
      'ERR_BUNDLE_FORM',
    )
  })

  it.each(BAD)('no job type is called %j', (_, name) => {
    expect(() => open(withJob(name))).toThrowCode('ERR_BUNDLE_FORM')
  })

  it.each(BAD)('no handle is called %j', (_, name) => {
    const permissions = Object.fromEntries([[name, { kind: 'state', maxBytes: 1 }]])
    expect(() => open(withJob('read', { ...job, permissions }))).toThrowCode('ERR_BUNDLE_FORM')
  })

  it.each(['', '1', '1.0', '../1.0.0', '1.0.0/..', `1.0.0-${'x'.repeat(10_000)}`].map(labelled))(
    'no version is %j',
    (_, version) => {
      const changed = { ...manifest, version }
      expect(() => open(bundleText({ manifest: changed }))).toThrowCode('ERR_BUNDLE_FORM')
    },
  )
})

describe('a bundle has its members and no others', () => {
  it.each<[string, Record<string, unknown>]>([
    ['another format', { format: 'sallyport-bundle-2' }],
    ['a member of its own', { install: 'curl' }],
    ['no code', { parts: { 'licenses.txt': part('none') } }],
    ['no licences', { parts: { 'plugin.mjs': part() } }],
    ['a list of parts', { parts: [part()] }],
    ['no manifest', { manifest: null }],
  ])('not %s', (_, changes) =>
    expect(() => open(bundleText(changes))).toThrowCode('ERR_BUNDLE_FORM'),
  )
})

/** A text with the part of it that names its case. */
function labelled(text: string): [label: string, text: string] {
  return [text.slice(0, 20), text]
}

function nested(depth: number): object {
  return depth === 0 ? {} : { a: nested(depth - 1) }
}
