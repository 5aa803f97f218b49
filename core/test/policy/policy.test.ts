// SPDX-License-Identifier: Apache-2.0
/** What a policy permits, on what, and by which rule; and that whatever cannot be told is denied. */
import { describe, expect, it } from '@jest/globals'
import type { PolicyRequest } from '@sallyport/core/admission'
import { heldPolicy, makePolicy, rulesNaming } from '@sallyport/core/policy'
import { place, requestOf } from './support.ts'

const ask = (text: string, changed: Partial<PolicyRequest> = {}) =>
  makePolicy(text, place).decide(requestOf(changed))
const permits = (scope: string, changed: Partial<PolicyRequest> = {}): boolean =>
  ask(`permit (${scope});`, changed).allowed
const permitsWhen = (condition: string, changed: Partial<PolicyRequest> = {}): boolean =>
  ask(`permit (principal, action, resource) when { ${condition} };`, changed).allowed
const denied = { allowed: false, why: 'denied', rules: [], errors: [] }
const DENIED_HERE = { ...denied, about: 'guest 101 on node pve1' }

describe('a policy', () => {
  it('denies what no rule permits', () => {
    expect(ask('')).toEqual(DENIED_HERE)
    expect(ask('// permit (principal, action, resource);')).toEqual(DENIED_HERE)
    expect(ask('permit (principal, action, resource) when { false };')).toEqual(DENIED_HERE)
  })

  it('denies what one rule permits and another forbids, and names that one', () => {
    const text = `
      @id("all") permit (principal, action, resource);
      @id("not 101") forbid (principal, action, resource == Sallyport::Guest::"101");`
    expect(ask(text)).toEqual({ ...DENIED_HERE, rules: ['not 101'] })
    const other = { input: { node: 'pve1', vmid: 102 } }
    expect(ask(text, other)).toEqual({ allowed: true, rules: ['all'] })
  })

  it('names the rules that permit in the order of the text, by their number and line without a name', () => {
    const text = `permit (principal, action, resource);

      // a comment with a ; and a "
      @id("second") permit (principal, action, resource) when { "a;b\\"c;" != "" };
      permit (principal, action, resource) when { false };
      permit (principal, action, resource);`
    const rules = ['rule 1, line 1', 'second', 'rule 4, line 6']
    expect(ask(text)).toEqual({ allowed: true, rules })
  })

  it.each([
    ['principal == Sallyport::Operator::"ann", action, resource', true],
    ['principal == Sallyport::Operator::"ben", action, resource', false],
    ['principal == Sallyport::Customer::"ann", action, resource', false],
    ['principal is Sallyport::Customer, action, resource', false],
    ['principal, action == Sallyport::Action::"farm/guest.grow", resource', true],
    ['principal, action in Sallyport::Action::"change", resource', true],
    ['principal, action in Sallyport::Action::"destroy", resource', false],
    ['principal, action in Sallyport::Action::"farm/*", resource', true],
    ['principal, action in Sallyport::Action::"sensors/*", resource', false],
    ['principal, action, resource == Sallyport::Guest::"101"', true],
    ['principal, action, resource == Sallyport::Guest::"1010"', false],
    ['principal, action, resource in Sallyport::Node::"pve1"', true],
    ['principal, action, resource in Sallyport::Node::"pve2"', false],
    ['principal, action, resource in Sallyport::Agent::"pve1"', true],
    ['principal, action, resource in Sallyport::Agent::"pve2"', false],
    ['principal, action, resource in Sallyport::Site::"home"', true],
    ['principal, action, resource in Sallyport::Site::"away"', false],
  ])('fits scope (%s): %s', (scope, expected) => {
    expect(permits(scope)).toBe(expected)
  })

  it.each([
    ['context.step == "run"', true],
    ['context.step == "plan"', false],
    ['context.signers.contains("ann") && !context.signers.contains("ben")', true],
    ['context.operatorCount == 1 && context.customerCount == 0', true],
    ['context.now.hour == 12 && context.now.weekday == "saturday"', true],
    ['context.now.at < datetime("2026-11-21T12:30:00.001Z")', true],
    ['context.now.at < datetime("2026-11-21T12:30:00.000Z")', false],
    ['context.resources.vmid == ["101"] && context.resources.node == ["pve1"]', true],
    ['context.input.cores <= 2', true],
    ['context.input.cores < 2', false],
    ['context.input has label', false],
    ['context.input.isHot', true],
    ['context.input has node', false],
  ])('knows of the circumstances: %s is %s', (condition, expected) => {
    expect(permitsWhen(condition)).toBe(expected)
  })

  it('counts people and not keys', () => {
    const signers = [
      { name: 'ann', role: 'operator' },
      { name: 'ann', role: 'operator' },
      { name: 'bakery', role: 'customer' },
    ]
    const condition = 'context.operatorCount == 1 && context.customerCount == 1'
    expect(permitsWhen(condition, { signers })).toBe(true)
  })

  it('knows a guest that asks for itself from one that asks for another', () => {
    const own = { principal: { kind: 'Guest', name: '101' } } as const
    const other = { principal: { kind: 'Guest', name: '102' } } as const
    expect(permitsWhen('principal == resource', own)).toBe(true)
    expect(permitsWhen('principal == resource', other)).toBe(false)
    expect(permitsWhen('principal == resource')).toBe(false)
  })

  it('calls what cannot be evaluated broken, though another rule permits', () => {
    const text = `@id("all") permit (principal, action, resource);
      @id("small") forbid (principal, action, resource) when { context.input.label == "x" };`
    expect(ask(text)).toEqual({
      allowed: false,
      why: 'broken',
      rules: [],
      errors: ['small: record does not have the attribute `label`'],
      about: 'guest 101 on node pve1',
    })
  })

  it('answers the same whatever was asked before', () => {
    const policy = makePolicy('permit (principal, action, resource);', place)
    const other = makePolicy('forbid (principal, action, resource);', place)
    const first = policy.decide(requestOf())
    other.decide(requestOf())
    expect(policy.decide(requestOf())).toEqual(first)
  })
})

describe('a job on several things', () => {
  const copy = {
    jobType: 'farm/guest.copy',
    input: { node: 'pve1', vmid: 101, newid: 105, target: 'pve2', pool: '106' },
  }
  const onGuests = (...guests: string[]) =>
    guests
      .map((guest) => `permit (principal, action, resource == Sallyport::Guest::"${guest}");`)
      .join('\n')

  it('must be permitted on each guest it names', () => {
    expect(ask(onGuests('101', '105'), copy).allowed).toBe(true)
    expect(ask(onGuests('101', '106'), copy)).toMatchObject({ about: 'guest 105 on node pve1' })
    expect(ask(onGuests('105'), copy)).toMatchObject({ about: 'guest 101 on node pve1' })
  })

  it('must be permitted on each node it names', () => {
    const text = 'permit (principal, action, resource in Sallyport::Node::"pve1");'
    expect(ask(text, copy)).toMatchObject({ about: 'guest 101 on node pve2' })
    const nodes = { jobType: 'farm/node.stop', input: { nodes: ['pve1', 'pve2'] } }
    expect(ask(text, nodes)).toMatchObject({ allowed: false, about: 'node pve2' })
    expect(ask(text, { ...nodes, input: { nodes: ['pve1'] } }).allowed).toBe(true)
  })

  it('is asked of the agent when it names none', () => {
    const text = 'permit (principal, action, resource == Sallyport::Agent::"pve1");'
    expect(ask(text, { jobType: 'farm/look', input: {} }).allowed).toBe(true)
    expect(ask(text).allowed).toBe(false)
  })

  it('is denied when it names more than can be asked', () => {
    const all = 'permit (principal, action, resource);'
    const nodes = Array.from({ length: 129 }, (_, at) => `pve${at}`)
    const job = { ...requestOf(copy).job, resources: { node: 'node', vmid: 'vmid' } }
    const input = { node: nodes, vmid: [101, 102] }
    expect(ask(all, { job, input })).toMatchObject({ allowed: false, why: 'broken' })
    expect(ask(all, { job, input: { ...input, node: nodes.slice(1) } }).allowed).toBe(true)
  })
})

describe('names and inputs', () => {
  const inject = [
    '101"',
    '101"); permit (principal, action, resource); //',
    '0101',
    ' 101',
    '101\u0000',
    '1e2',
    '101\u200b',
  ]

  it.each(inject)('deny a guest called %j, whatever is permitted', (vmid) => {
    const input = { node: 'pve1', vmid }
    expect(ask('permit (principal, action, resource);', { input })).toMatchObject({ why: 'broken' })
  })

  it.each(['', 'pve1"', 'pve1\n', '../pve1', 'pve1 ', '-pve1'])(
    'deny a node called %j, whatever is permitted',
    (node) => {
      const input = { node, vmid: 101 }
      const all = 'permit (principal, action, resource);'
      expect(ask(all, { input })).toMatchObject({ why: 'broken' })
    },
  )

  it.each(['ann" || true || "', 'ann", action, resource); permit (principal', 'ANN', 'ann '])(
    'do not let %j pass as ann',
    (name) => {
      const text = 'permit (principal == Sallyport::Operator::"ann", action, resource);'
      expect(ask(text, { principal: { kind: 'Operator', name } }).allowed).toBe(false)
    },
  )

  it.each(['x" || true || "x', '* like', '{"__entity":{"type":"Sallyport::Guest","id":"101"}}'])(
    'do not let the input %j be anything but a text',
    (label) => {
      const text = 'permit (principal, action, resource) when { context.input.label == "x" };'
      const input = { node: 'pve1', vmid: 101, label }
      expect(ask(text, { input })).toMatchObject({ allowed: false, why: 'denied' })
    },
  )

  it('do not let an unmarked input in, even when it is called like something else', () => {
    const input = { node: 'pve1', vmid: 101, step: 'plan', input: { cores: 1 }, signers: ['ben'] }
    const text = `permit (principal, action, resource) when {
      context.step == "plan" || context.signers.contains("ben") || context.input has cores };`
    expect(ask(text, { input })).toEqual(DENIED_HERE)
  })
})

function placeOfProblem(text: string): unknown {
  try {
    return makePolicy(text, place)
  } catch (error) {
    const { code, details } = error as { code: string; details: object }
    return { code, ...details }
  }
}

describe('a text that is no policy', () => {
  it.each([
    ['a word that is wrong', 'permitt (principal, action, resource);', 1, 1],
    ['a rule without its end', 'permit (principal, action, resource)\n', 1, 37],
    [
      'a condition after umlauts',
      '// äöü\npermit (principal, action, resource) wen { true };',
      2,
      38,
    ],
    ['a rule with a slot', 'permit (principal == ?principal, action, resource);', 1, 1],
    [
      'a bracket that does not close',
      'permit (principal, action, resource) when { (true };',
      1,
      51,
    ],
    [
      'the name of another rule',
      '@id("a") permit (principal, action, resource);\n@id("a") forbid (principal, action, resource);',
      2,
      1,
    ],
  ])('is refused with its place: %s', (_, text, line, column) => {
    expect(placeOfProblem(text)).toEqual({ code: 'ERR_POLICY_FORM', line, column })
  })

  const nested = (open: string, count: number, close: string) =>
    `permit (principal, action, resource) when { ${open.repeat(count)}true${close.repeat(count)} };`
  it.each([
    ['brackets within each other', nested('(', 25, ')')],
    ['sums', nested('1 + ', 129, '')],
    ['choices', nested('if true then true else ', 129, '')],
    ['members', nested('true', 1, '.a'.repeat(129))],
    ['conditions', nested('true || ', 513, '')],
    ['rules', 'permit (principal, action, resource) when { false };'.repeat(257)],
    ['bytes', `//${' '.repeat(49_151)}`],
  ])('is refused before it is evaluated: too many %s', (_, text) => {
    expect(() => makePolicy(text, place)).toThrowCode('ERR_POLICY_FORM')
  })

  it('may be as deep as all bounds together let it, and can still be evaluated', () => {
    const conditions = 'true || '.repeat(512)
    const text = `permit (principal, action, resource) when { ${conditions}${'('.repeat(22)}1${' + 1'.repeat(128)} == 129${')'.repeat(22)} };`
    expect(ask(text).allowed).toBe(true)
    expect(ask(nested('(', 22, ')')).allowed).toBe(true)
  })
})

describe('heldPolicy', () => {
  const all = 'permit (principal, action, resource);'

  it('denies everything while there is no policy', () => {
    const port = heldPolicy(
      () => undefined,
      () => place,
    )
    expect(port.decide(requestOf())).toEqual({
      allowed: false,
      why: 'missing',
      rules: [],
      errors: [],
    })
  })

  it('asks the policy that is held now', () => {
    let held = { version: 1, text: all }
    const port = heldPolicy(
      () => held,
      () => place,
    )
    expect(port.decide(requestOf()).allowed).toBe(true)
    held = { version: 2, text: '' }
    expect(port.decide(requestOf())).toMatchObject({ allowed: false, why: 'denied' })
    held = { version: 3, text: 'permit' }
    expect(port.decide(requestOf())).toMatchObject({ allowed: false, why: 'broken' })
    held = { version: 4, text: all }
    expect(port.decide(requestOf()).allowed).toBe(true)
  })

  it('passes on that the store cannot be read', () => {
    const port = heldPolicy(
      () => {
        throw new Error('unreadable')
      },
      () => place,
    )
    expect(() => port.decide(requestOf())).toThrow('unreadable')
  })
})

describe('the rules that name something', () => {
  const text = `@id("ann") permit (principal == Sallyport::Operator::"ann", action, resource in Sallyport::Agent::"pve1");
    @id("when") forbid (principal, action, resource) when { resource in Sallyport::Agent::"pve1" };
    @id("other") permit (principal, action, resource in Sallyport::Node::"pve1");
    permit (principal, action, resource in Sallyport::Agent::"pve10");`

  it('are found wherever in the rule it stands, by kind and whole name', () => {
    const named = rulesNaming(text, 'Agent', 'pve1')
    expect(named.map(({ name, effect }) => `${effect} ${name}`)).toEqual([
      'permit ann',
      'forbid when',
    ])
    expect(rulesNaming(text, 'Agent', 'pve')).toEqual([])
  })

  it('are none where the text is no policy', () => {
    expect(rulesNaming('permit (', 'Agent', 'pve1')).toEqual([])
  })
})
