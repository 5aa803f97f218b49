// SPDX-License-Identifier: Apache-2.0
/** What a policy sees of an input: the marked fields, as the plugin will see them, in types that can be compared. */
import { describe, expect, it } from '@jest/globals'
import {
  guestsOf,
  nodesOf,
  parseManifest,
  policyInputOf,
  policyValuesOf,
  resourcesOf,
} from '@sallyport/core/protocol'
import { defineJob, definePlugin, manifestOf } from '@sallyport/sdk'
import { z } from 'zod'

const grow = defineJob({
  summary: 'Grow',
  effect: 'change',
  input: z.strictObject({
    cores: z.int().min(1),
    size: z.enum(['small', 'large']).optional(),
    purge: z.boolean().default(true),
    tags: z.array(z.string()).optional(),
    ports: z.array(z.int()),
    weight: z.number(),
    network: z.strictObject({ bridge: z.string() }),
    either: z.union([z.int(), z.string()]),
    lists: z.array(z.array(z.string())),
  }),
  output: z.strictObject({}),
  policyInputs: ['cores', 'size', 'purge', 'tags', 'ports'],
  permissions: {},
  run: async () => ({}),
})
const manifest = manifestOf(
  definePlugin({ name: 'field', summary: 'A field', jobs: { grow } }),
  '1.0.0',
)
const job = manifest.jobs['grow']!

describe('policyInputOf', () => {
  it.each([
    ['cores', { type: 'Long', isList: false, isAlwaysThere: true }],
    ['size', { type: 'String', isList: false, isAlwaysThere: false }],
    ['purge', { type: 'Boolean', isList: false, isAlwaysThere: true }],
    ['tags', { type: 'String', isList: true, isAlwaysThere: false }],
    ['ports', { type: 'Long', isList: true, isAlwaysThere: true }],
  ])('reads the type of %s', (name, type) => {
    expect(policyInputOf(job, name)).toEqual(type)
  })

  it.each(['weight', 'network', 'either', 'lists', 'unknown', 'toString', '__proto__'])(
    'has no type for %s, and a manifest that marks it is refused',
    (name) => {
      expect(policyInputOf(job, name)).toBeUndefined()
      const marked = { ...manifest, jobs: { grow: { ...job, policyInputs: [name] } } }
      expect(() => parseManifest(marked)).toThrowCode('ERR_MANIFEST_FORM')
    },
  )

  it.each([
    ['no properties', {}],
    ['properties of null', { properties: null }],
    ['a list without items', { properties: { cores: { type: 'array' } } }],
    ['a type that every object has', { properties: { cores: { type: 'constructor' } } }],
  ])('has no type in a schema with %s', (_, input) => {
    expect(policyInputOf({ input, policyInputs: [] }, 'cores')).toBeUndefined()
  })
})

describe('policyValuesOf', () => {
  it('takes the marked values, and the default of what is left out', () => {
    const input = { cores: 4, tags: ['web'], ports: [80], weight: 2, either: 3 }
    expect(policyValuesOf(job, input)).toEqual({
      cores: 4,
      purge: true,
      tags: ['web'],
      ports: [80],
    })
    expect(policyValuesOf(job, { ...input, purge: false })).toMatchObject({ purge: false })
  })

  it('takes nothing that is not plain', () => {
    const input = { cores: 1.5, size: null, purge: {}, tags: ['a', ['b']], ports: [2 ** 60] }
    expect(policyValuesOf(job, input)).toEqual({})
  })
})

describe('parseManifest', () => {
  it('takes a manifest from before policies as one that marks nothing', () => {
    const { policyInputs, ...old } = job
    expect(policyInputs).toHaveLength(5)
    const parsed = parseManifest({ ...manifest, jobs: { grow: old } })
    expect(parsed.jobs['grow']!.policyInputs).toEqual([])
  })
})

describe('guests and nodes', () => {
  const resources = {
    vmid: 'guest',
    newid: 'copy',
    template: 'of',
    node: 'on',
    target: 'to',
    pool: 'pool',
  }
  const named = resourcesOf(
    { resources },
    { guest: 101, copy: 102, of: 101, on: 'pve1', to: 'pve2', pool: 'a' },
  )

  it('are told by the names of the resources, each once', () => {
    expect(guestsOf(named)).toEqual(['101', '102'])
    expect(nodesOf(named)).toEqual(['pve1', 'pve2'])
  })

  it('are none where no resource names any', () => {
    expect(guestsOf(new Map([['pool', ['101']]]))).toEqual([])
    expect(nodesOf(new Map())).toEqual([])
  })
})
