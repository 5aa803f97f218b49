// SPDX-License-Identifier: Apache-2.0
/** Inputs against the schemas of manifests. */
import { describe, expect, it } from '@jest/globals'
import { checkAgainstSchema } from '../../src/plugins/input-check.ts'
import { patient } from '../../../test/support/patience.ts'

describe('the check of an input', () => {
  const schema = {
    type: 'object',
    properties: { vmid: { type: 'integer', minimum: 100 }, name: { pattern: '^[a-z]+$' } },
    required: ['vmid'],
    additionalProperties: false,
  }

  it('finds nothing in what fits', () => {
    expect(checkAgainstSchema(schema, { vmid: 101, name: 'web' })).toEqual([])
  })

  it.each([
    ['a missing member', {}],
    ['an unknown member', { vmid: 101, shell: 'x' }],
    ['another type', { vmid: '101' }],
    ['a number out of bounds', { vmid: 7 }],
    ['a text that no pattern takes', { vmid: 101, name: 'Web' }],
  ])('names %s', (_what, input) => {
    expect(checkAgainstSchema(schema, input)).not.toEqual([])
  })

  it('gives up on a pattern that would keep the agent busy for years', () => {
    const hostile = { type: 'object', properties: { name: { pattern: '^(a|a)*$' } } }
    const before = performance.now()
    const problems = checkAgainstSchema(hostile, { name: `${'a'.repeat(60)}b` })
    expect(problems).toEqual([expect.stringContaining('took longer')])
    expect(performance.now() - before).toBeLessThan(patient(5_000))
  })
})
