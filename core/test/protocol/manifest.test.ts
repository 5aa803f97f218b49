// SPDX-License-Identifier: Apache-2.0
/** Manifests and bundles: what an operator approves is exactly what can be read here. */
import { describe, expect, it } from '@jest/globals'
import {
  MAX_BUNDLE_BYTES,
  encodeBundle,
  encodeJson,
  parseBundle,
  parseManifest,
  type Bundle,
} from '@sallyport/core/protocol'
import {
  DEFAULT_LIMITS,
  defineJob,
  definePlugin,
  exec,
  files,
  manifestOf,
  state,
} from '@sallyport/sdk'
import { z } from 'zod'

const digest = `sha256:${'a'.repeat(64)}`
const read = defineJob({
  summary: 'Read',
  effect: 'read',
  input: z.strictObject({ chip: z.string().optional() }),
  output: z.object({ readings: z.array(z.number()) }),
  permissions: {
    hwmon: files.read('/sys/class/hwmon/**', '/sys/devices/*/hwmon/**'),
    sensors: exec('/usr/bin/sensors', ['-j', { pattern: '[a-z0-9-]+' }]),
    seen: state(),
  },
  run: async () => ({ readings: [] }),
})
const manifest = manifestOf(
  definePlugin({ name: 'sensors', summary: 'Readings', jobs: { read } }),
  '0.1.0',
)
const job = manifest.jobs['read']!
const bundle: Bundle = {
  format: 'sallyport-bundle-1',
  manifest,
  parts: { 'plugin.mjs': { digest, text: 'export {}\n' }, 'licenses.txt': { digest, text: '' } },
}
const withJob = (changed: object) => ({ ...manifest, jobs: { read: { ...job, ...changed } } })
const withPermission = (permission: object) => withJob({ permissions: { hole: permission } })

describe('parseManifest', () => {
  it('takes what the SDK derives', () => {
    expect(parseManifest(manifest)).toEqual(manifest)
  })

  it.each([
    ['null', null],
    ['an unknown member', { ...manifest, network: true }],
    ['a look-alike name', { ...manifest, name: 'Sensors' }],
    ['a name with a path', { ...manifest, name: '../../agent' }],
    ['a name that ends in a space', { ...manifest, name: 'sensors ' }],
    ['a version with build metadata', { ...manifest, version: '1.0.0+x' }],
    ['a summary of two lines', { ...manifest, summary: 'a\nb' }],
    ['a summary that turns the line around', { ...manifest, summary: 'a\u202eb' }],
    ['a summary with a colour', { ...manifest, summary: '\u001b[31m' }],
    ['a job name with a slash', { ...manifest, jobs: { 'a/b': job } }],
    ['an unknown member of a job', withJob({ netwrok: true })],
    ['an unknown effect', withJob({ effect: 'harmless' })],
    ['a limit of zero', withJob({ limits: { ...DEFAULT_LIMITS, perMinute: 0 } })],
    ['an unknown limit', withJob({ limits: { ...DEFAULT_LIMITS, memory: 1 } })],
    ['a missing limit', withJob({ limits: { perMinute: 1, timeoutMs: 1 } })],
    [
      'a handle name with a dot',
      withJob({ permissions: { 'a.b': { kind: 'state', maxBytes: 1 } } }),
    ],
    ['a schema that is not an object', withJob({ input: [] })],
    ['permissions in a list', withJob({ permissions: [{ kind: 'state', maxBytes: 1 }] })],
    ['a policy input that no field has', withJob({ policyInputs: ['chips'] })],
    ['a policy input that every object has', withJob({ policyInputs: ['constructor'] })],
    ['a policy input twice', withJob({ policyInputs: ['chip', 'chip'] })],
  ])('refuses %s', (_, value) => {
    expect(() => parseManifest(value)).toThrowCode('ERR_MANIFEST_FORM')
  })

  it.each([
    ['an unknown kind', { kind: 'network', hosts: ['*'] }],
    ['no kind', { paths: ['/a'] }],
    ['an unknown member', { kind: 'files.read', paths: ['/a'], write: true }],
    ['no paths', { kind: 'files.read', paths: [] }],
    ['a relative path', { kind: 'files.read', paths: ['etc/passwd'] }],
    ['a path that climbs', { kind: 'files.read', paths: ['/sys/../etc/**'] }],
    ['a path with a dot segment', { kind: 'files.read', paths: ['/sys/./x'] }],
    ['a path with an empty segment', { kind: 'files.read', paths: ['/sys//x'] }],
    ['a path that ends in a slash', { kind: 'files.read', paths: ['/sys/'] }],
    ['the root', { kind: 'files.read', paths: ['/'] }],
    ['a path with a NUL', { kind: 'files.read', paths: ['/sys\0'] }],
    ['a path that turns the line around', { kind: 'files.read', paths: ['/\u202esys'] }],
    ['a program by name', { ...exec('sensors', []) }],
    ['an argument with a NUL', { ...exec('/usr/bin/sensors', ['\0']) }],
    ['an argument that is a number', { ...exec('/usr/bin/sensors', [1 as unknown as string]) }],
    ['a pattern that is none', { ...exec('/usr/bin/sensors', [{ pattern: '(' }]) }],
    [
      'a pattern that closes a group of its reader',
      { ...exec('/usr/bin/sensors', [{ pattern: 'a)|(?:.*' }]) },
    ],
    [
      'a pattern with flags',
      { ...exec('/usr/bin/sensors', [{ pattern: 'a', flags: 'i' } as { pattern: string }]) },
    ],
    ['no time', { ...exec('/usr/bin/sensors', [], { timeoutMs: 0 }) }],
    ['state without a bound', { kind: 'state' }],
    ['state beyond the bound', state({ maxBytes: 2 ** 40 })],
  ])('refuses a permission with %s', (_, permission) => {
    expect(() => parseManifest(withPermission(permission))).toThrowCode('ERR_MANIFEST_FORM')
  })
})

describe('bundles', () => {
  it('are read back as they were written', () => {
    expect(parseBundle(encodeBundle(bundle))).toEqual(bundle)
  })

  it.each([
    ['an unknown format', { ...bundle, format: 'sallyport-bundle-2' }],
    ['an unknown member', { ...bundle, scripts: {} }],
    ['no code', { ...bundle, parts: { 'licenses.txt': bundle.parts['licenses.txt'] } }],
    ['no licences', { ...bundle, parts: { 'plugin.mjs': bundle.parts['plugin.mjs'] } }],
    ['a part in a folder', { ...bundle, parts: { ...bundle.parts, 'a/b': { digest, text: '' } } }],
    ['a hidden part', { ...bundle, parts: { ...bundle.parts, '..': { digest, text: '' } } }],
    [
      'a part without a digest',
      { ...bundle, parts: { ...bundle.parts, 'plugin.mjs': { text: '' } } },
    ],
    [
      'a part with a mode',
      { ...bundle, parts: { ...bundle.parts, x: { digest, text: '', mode: 7 } } },
    ],
    ['a bad manifest', { ...bundle, manifest: { ...manifest, name: '' } }],
    ['nothing but null', null],
  ])('are refused with %s', (_, value) => {
    expect(() => parseBundle(encodeJson(value))).toThrowCode('ERR_BUNDLE_FORM')
    expect(() => encodeBundle(value as Bundle)).toThrowCode('ERR_BUNDLE_FORM')
  })

  it('are refused when larger than 8 MiB, before anything is parsed', () => {
    expect(() => parseBundle(new Uint8Array(MAX_BUNDLE_BYTES + 1))).toThrowCode('ERR_JSON_SIZE')
    const parts = { ...bundle.parts, big: { digest, text: 'x'.repeat(MAX_BUNDLE_BYTES) } }
    expect(() => encodeBundle({ ...bundle, parts })).toThrowCode('ERR_JSON_SIZE')
  })

  it('are refused when a part stands twice', () => {
    const text = new TextDecoder().decode(encodeBundle(bundle))
    const twice = text.replace(
      '"parts":{',
      `"parts":{"plugin.mjs":{"digest":"${digest}","text":"evil"},`,
    )
    expect(() => parseBundle(Buffer.from(twice))).toThrowCode('ERR_JSON_DUPLICATE_KEY')
  })
})
