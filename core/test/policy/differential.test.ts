// SPDX-License-Identifier: Apache-2.0
/** Thousands of generated policies and requests are decided alike by the product and by a second evaluator. */
import { describe, expect, it } from '@jest/globals'
import type { PolicyRequest } from '@sallyport/core/admission'
import { makePolicy, type ReadPolicy } from '@sallyport/core/policy'
import fc from 'fast-check'
import { decidePlain, type PlainDecision, type PlainRequest } from './second-evaluator.ts'
import { NOON, farm, place } from './support.ts'

const N = 'Sallyport'
const pick = (...values: string[]) => fc.constantFrom(...values)
const entity = pick(
  `${N}::Operator::"ann"`,
  `${N}::Operator::"ben"`,
  `${N}::Customer::"bakery"`,
  `${N}::Guest::"101"`,
  `${N}::Guest::"102"`,
  `${N}::Node::"pve1"`,
  `${N}::Node::"pve2"`,
  `${N}::Agent::"pve1"`,
  `${N}::Site::"home"`,
  `${N}::Action::"change"`,
)
const action = pick(
  ...['read', 'change', 'destroy', 'farm/*', 'farm/look', 'farm/guest.grow', 'farm/guest.copy'].map(
    (id) => `${N}::Action::"${id}"`,
  ),
)
const type = pick(
  ...['Operator', 'Customer', 'Guest', 'Node', 'Agent', 'Schedule'].map((each) => `${N}::${each}`),
)
const principalScope = fc.oneof(
  fc.constant('principal'),
  entity.map((each) => `principal == ${each}`),
  type.map((each) => `principal is ${each}`),
)
const actionScope = fc.oneof(
  fc.constant('action'),
  action.map((each) => `action == ${each}`),
  action.map((each) => `action in ${each}`),
  fc.array(action, { minLength: 1, maxLength: 3 }).map((each) => `action in [${each.join(', ')}]`),
)
const resourceScope = fc.oneof(
  fc.constant('resource'),
  entity.map((each) => `resource == ${each}`),
  entity.map((each) => `resource in ${each}`),
  type.map((each) => `resource is ${each}`),
)
const text = pick(
  '"ann"',
  '"ben"',
  '"bakery"',
  '"101"',
  '"run"',
  '"plan"',
  '"saturday"',
  '"x\\"y"',
  '""',
)
const operand = pick(
  'principal',
  'resource',
  'context.step',
  'context.signers',
  'context.operatorCount',
  'context.customerCount',
  'context.now.hour',
  'context.now.weekday',
  'context.resources.vmid',
  'context.input.cores',
  'context.input.label',
  'context.input.tags',
  'context.input.isHot',
  'context.input.node',
  '0',
  '1',
  '2',
  '12',
  'true',
  '[]',
  '["101"]',
  '["ann", "ben"]',
)
const value = fc.oneof(operand, text, entity)
const { condition } = fc.letrec<{ condition: string }>((tie) => ({
  condition: fc.oneof(
    { depthSize: 'small', maxDepth: 4 },
    fc.oneof(
      fc.constantFrom('true', 'false', 'context.input.isHot'),
      fc.tuple(value, pick('==', '!=', '<', '<=', '>', '>='), value).map((each) => each.join(' ')),
      fc
        .tuple(
          pick('context.input', 'context', 'context.now', 'principal', 'context.step'),
          pick('cores', 'label', 'tags', 'isHot', 'now', 'hour'),
        )
        .map(([from, name]) => `${from} has ${name}`),
      fc.tuple(operand, value).map(([set, item]) => `${set}.contains(${item})`),
      fc
        .tuple(pick('principal', 'resource', 'action', 'context.step'), fc.oneof(entity, action))
        .map((each) => each.join(' in ')),
      fc.array(entity, { maxLength: 3 }).map((each) => `resource in [${each.join(', ')}]`),
      fc.tuple(pick('principal', 'resource'), type).map((each) => each.join(' is ')),
    ),
    tie('condition').map((each) => `!(${each})`),
    fc
      .tuple(tie('condition'), pick('&&', '||'), tie('condition'))
      .map(([a, op, b]) => `(${a}) ${op} (${b})`),
    fc
      .tuple(tie('condition'), tie('condition'), tie('condition'))
      .map(([a, b, c]) => `(if ${a} then ${b} else ${c})`),
  ),
}))
const clause = fc
  .tuple(pick('when', 'unless'), condition)
  .map(([word, body]) => `${word} { ${body} }`)
const rule = fc
  .tuple(
    pick('permit', 'permit', 'forbid'),
    principalScope,
    actionScope,
    resourceScope,
    fc.array(clause, { maxLength: 2 }),
  )
  .map(([effect, ...[p, a, r, clauses]]) => `${effect} (${p}, ${a}, ${r}) ${clauses.join(' ')};`)
const policy = fc.array(rule, { minLength: 1, maxLength: 5 }).map((rules) => rules.join('\n'))

const vmid = fc.constantFrom(101, 102, 103)
const node = pick('pve1', 'pve2')
const extras = fc.record(
  {
    cores: fc.nat(3),
    label: pick('ann', 'x"y', ''),
    tags: fc.array(pick('ann', '101'), { maxLength: 2 }),
    isHot: fc.boolean(),
  },
  { requiredKeys: [] },
)
const job = fc.oneof(
  fc.constant({ jobType: 'farm/look', input: {} }),
  fc.record({
    jobType: fc.constant('farm/guest.grow'),
    input: fc.tuple(fc.record({ node, vmid }), extras).map(([a, b]) => ({ ...a, ...b })),
  }),
  fc.record({
    jobType: fc.constant('farm/guest.copy'),
    input: fc.record(
      { node, vmid, newid: vmid, target: node },
      { requiredKeys: ['node', 'vmid', 'newid'] },
    ),
  }),
  fc.record({ jobType: fc.constant('farm/guest.delete'), input: fc.record({ node, vmid }) }),
  fc.record({
    jobType: fc.constant('farm/node.stop'),
    input: fc.record({ nodes: fc.array(node, { maxLength: 2 }) }),
  }),
)
const who = fc.constantFrom<PolicyRequest['principal']>(
  { kind: 'Operator', name: 'ann' },
  { kind: 'Operator', name: 'ben' },
  { kind: 'Customer', name: 'bakery' },
  { kind: 'Guest', name: '101' },
  { kind: 'Schedule', name: 'nightly' },
)
const signer = fc.constantFrom(
  { name: 'ann', role: 'operator' },
  { name: 'ben', role: 'operator' },
  { name: 'bakery', role: 'customer' },
)
const request = fc
  .record({
    job,
    principal: who,
    step: fc.constantFrom<'plan' | 'run'>('plan', 'run'),
    signers: fc.array(signer, { maxLength: 3 }),
    hours: fc.nat(200),
  })
  .map(({ job: asked, hours, ...rest }): PolicyRequest => {
    const { jobType, input } = asked
    const manifest = farm.jobs[jobType.slice('farm/'.length)]!
    return { ...rest, ...asked, input, job: manifest, nowMs: NOON + hours * 3_600_000 }
  })

/** The request in the words of the second evaluator, told anew from the documentation. */
function plain({
  principal,
  jobType,
  job: manifest,
  input,
  step,
  signers,
  nowMs,
}: PolicyRequest): PlainRequest {
  const all = (value: unknown): string[] =>
    [value]
      .flat()
      .filter((each) => each !== undefined)
      .map(String)
  const names = (role?: string): string[] => [
    ...new Set(
      signers.filter((each) => role === undefined || each.role === role).map(({ name }) => name),
    ),
  ]
  const seen = Object.fromEntries(
    ['cores', 'label', 'tags', 'isHot']
      .filter((name) => Object.hasOwn(input, name))
      .map((name) => [name, input[name]]),
  )
  const [weekday] = new Date(nowMs)
    .toLocaleDateString('en', { weekday: 'long', timeZone: 'UTC' })
    .toLowerCase()
    .split(' ')
  return {
    principal,
    jobType,
    effect: manifest.effect,
    guests: [...new Set([...all(input['vmid']), ...all(input['newid'])])],
    nodes: [...new Set([...all(input['node']), ...all(input['nodes']), ...all(input['target'])])],
    agent: place.agentName,
    site: place.siteName,
    context: {
      step,
      signers: names(),
      operatorCount: names('operator').length,
      customerCount: names('customer').length,
      now: { hour: new Date(nowMs).getUTCHours(), weekday },
      resources: Object.fromEntries(
        Object.entries(manifest.resources).map(([name, field]) => [name, all(input[field])]),
      ),
      input: jobType === 'farm/guest.grow' ? { isHot: true, ...seen } : {},
    },
  }
}

function decided(read: ReadPolicy, asked: PolicyRequest): PlainDecision {
  const decision = read.decide(asked)
  const rules = decision.rules.map((name) => Number(/^rule (\d+),/.exec(name)![1]))
  if (decision.allowed) return { says: 'allow', rules }
  return { says: decision.why === 'denied' ? 'deny' : 'broken', rules }
}

describe('two evaluators', () => {
  it('decide the same, by the same rules, for thousands of policies and requests', () => {
    const seen = { allow: 0, deny: 0, broken: 0 }
    fc.assert(
      fc.property(
        policy,
        fc.array(request, { minLength: 6, maxLength: 8 }),
        (policyText, requests) => {
          const read = makePolicy(policyText, place)
          for (const asked of requests) {
            const second = decidePlain(policyText, plain(asked))
            seen[second.says] += 1
            expect(decided(read, asked)).toEqual(second)
          }
        },
      ),
      { numRuns: 300, seed: 5 },
    )
    // Each answer came often enough for the comparison to mean something.
    expect(Math.min(seen.allow, seen.deny, seen.broken)).toBeGreaterThan(100)
  })
})
