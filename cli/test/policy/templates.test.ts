// SPDX-License-Identifier: Apache-2.0
/** The templates fit what an approved plugin has, and decide their cases as they should. */
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { makePolicy } from '@sallyport/core/policy'
import { parseJson, parseManifest } from '@sallyport/core/protocol'
import { PLAIN } from '../../src/output/paint.ts'
import { readCases } from '../../src/policy/cases.ts'
import { parsePrincipal } from '../../src/policy/decide.ts'
import { lineDifference, onlyDifferent } from '../../src/policy/line-difference.ts'
import { expectNoErrors, problemLines } from '../../src/policy/policy-file.ts'
import { policyDifference } from '../../src/policy/policy-screen.ts'
import { runCases } from '../../src/policy/run-cases.ts'
import {
  POLICY_TEMPLATES,
  TEMPLATES_FOLDER,
  readPolicyTemplate,
} from '../../src/policy/template.ts'
import { problemsOnAgents } from '../../src/policy/world.ts'
import type { PolicySite } from '../../src/policy/world.ts'
import { ROOT } from '../support/program.ts'

const bytes = await readFile(join(ROOT, 'plugins', 'proxmox', 'manifest.json'))
const proxmox = parseManifest(parseJson(bytes, 4 * 1_024 * 1_024))
const site: PolicySite = {
  names: { Operator: ['ann', 'ben'], Customer: ['bakery'], Agent: ['pve1'], Site: ['home'] },
  manifestsOf: () => [proxmox],
  agents: [],
}
const setting = { siteName: 'home', site, nowMs: Date.parse('2026-11-21T12:30:00.000Z') }
const casesOf = (template: string) =>
  readCases(join(import.meta.dirname, 'cases', `${template}.json`))

describe('the templates', () => {
  it('are all there is in their folder', async () => {
    const files = POLICY_TEMPLATES.map((name) => `${name}.cedar`)
    expect((await readdir(TEMPLATES_FOLDER)).toSorted()).toEqual(files.toSorted())
  })

  it.each(POLICY_TEMPLATES)('%s fits the plugin, without a warning', async (template) => {
    expect(problemsOnAgents(await readPolicyTemplate(template), site)).toEqual([])
  })

  it.each(POLICY_TEMPLATES)('%s names every rule', async (template) => {
    const place = { agentName: 'pve1', siteName: 'home' }
    const { rules } = makePolicy(await readPolicyTemplate(template), place)
    expect(rules.filter(({ name }) => name.startsWith('rule '))).toEqual([])
  })

  it.each(POLICY_TEMPLATES)('%s decides its cases', async (template) => {
    const text = await readPolicyTemplate(template)
    const outcomes = runCases(await casesOf(template), { ...setting, text })
    expect(outcomes.filter(({ isAsExpected }) => !isAsExpected)).toEqual([])
  })

  it.each(POLICY_TEMPLATES)('%s without any one of its rules fails a case', async (template) => {
    const text = await readPolicyTemplate(template)
    const cases = await casesOf(template)
    const place = { agentName: 'pve1', siteName: 'home' }
    for (const rule of makePolicy(text, place).rules) {
      const outcomes = runCases(cases, { ...setting, text: text.replace(rule.text, '') })
      const isMissed = outcomes.some(({ isAsExpected }) => !isAsExpected)
      expect([rule.name, isMissed]).toEqual([rule.name, true])
    }
  })
})

describe('a policy that does not fit', () => {
  const file = 'policy.cedar'
  const problemsOf = (text: string) => problemsOnAgents(text, site)

  it.each([
    [
      'permit (principal is Sallyport::Operater, action, resource);',
      1,
      22,
      'error',
      'there is no type `Sallyport::Operater`',
      'did you mean `Sallyport::Operator`?',
    ],
    [
      '// Grüße\npermit (principal, action == Sallyport::Action::"proxmox/guest.strat", resource);',
      2,
      30,
      'error',
      'no approved plugin has the job type "proxmox/guest.strat"',
      'did you mean "proxmox/guest.start"?',
    ],
    [
      'permit (principal == Sallyport::Operator::"bne", action, resource);',
      1,
      33,
      'warning',
      'nobody and nothing is called Operator::"bne" at this site',
      'there is ann, ben',
    ],
    [
      'permit (principal, action, resource);\nforbid (principal, action in Sallyport::Action::"read", resource is Sallyport::Site);',
      2,
      1,
      'warning',
      'no job type fits who and what this rule is about',
      null,
    ],
  ])('is shown with its place and a hint: %j', (text, line, column, kind, message, hint) => {
    expect(problemsOf(text)).toEqual([{ kind, line, column, message, hint }])
  })

  it('is told that an input may be missing, and of which type it is', () => {
    const rule = (condition: string): string =>
      `permit (principal, action == Sallyport::Action::"proxmox/guest.resize", resource) when { ${condition} };`
    expect(problemsOf(rule('context.input.cores < 5'))).toMatchObject([{ kind: 'error' }])
    expect(problemsOf(rule('context.input has cores && context.input.cores < "5"'))).toMatchObject([
      { kind: 'error', message: 'unexpected type: expected Long but saw String' },
    ])
    expect(problemsOf(rule('context.input has cores && context.input.cores < 5'))).toEqual([])
    const unmarked = rule('context.input has size && context.input.size == "1G"')
    expect(problemsOf(unmarked)).toMatchObject([
      { kind: 'warning', message: 'this rule never applies, whatever is asked' },
    ])
  })

  it('is drawn as a compiler would', () => {
    const text = '// first\npermit (principal, action, resource) wen { true };'
    const problems = problemsOf(text)
    expect(problemLines({ file, text }, problems, PLAIN)).toBe(
      [
        'error policy.cedar:2:38  invalid policy condition: wen',
        '  2 | permit (principal, action, resource) wen { true };',
        '    |                                      ^',
        '      hint: condition must be either `when` or `unless`',
      ].join('\n'),
    )
    expect(() => expectNoErrors({ file, text }, problems)).toThrowCode('ERR_POLICY_FORM')
  })

  it('cannot steer the terminal it is shown on', () => {
    const text = '@id("\u001b[31mred") permit (principal, action, resource) \u202e;'
    const shown = problemLines({ file, text }, problemsOf(text), PLAIN)
    expect(shown).not.toMatch(/[\u001b\u202e]/)
  })
})

describe('a difference', () => {
  it('shows what goes and what comes, with two lines around', () => {
    const [before, after] = ['a\nb\nc\nd\ne\nf', 'a\nb\nc\nX\ne\nf']
    const lines = onlyDifferent(lineDifference(before, after), 1)
    expect(lines).toEqual([
      { op: 'same', text: 'c' },
      { op: 'remove', text: 'd' },
      { op: 'add', text: 'X' },
      { op: 'same', text: 'e' },
    ])
    expect(onlyDifferent(lineDifference(before, before))).toEqual([])
  })

  it('names both versions', () => {
    const after = { version: 3, text: 'new\n' }
    expect(policyDifference({ version: 2, text: 'old\n' }, after, PLAIN)).toBe(
      'Policy 3, after 2\n  - old\n  + new\n    ',
    )
    expect(policyDifference(undefined, after, PLAIN)).toContain('Policy 3, the first one')
  })
})

describe('parsePrincipal', () => {
  it.each([
    ['operator/ann', { kind: 'Operator', name: 'ann' }],
    ['customer/bakery', { kind: 'Customer', name: 'bakery' }],
    ['guest/101', { kind: 'Guest', name: '101' }],
    ['schedule/nightly', { kind: 'Schedule', name: 'nightly' }],
  ])('reads %s', (text, principal) => {
    expect(parsePrincipal(text)).toEqual(principal)
  })

  it.each(['ann', 'operator', 'operator/', 'operator/a/b', 'toString/ann', ''])(
    'refuses %j',
    (text) => {
      expect(() => parsePrincipal(text)).toThrowCode('ERR_USAGE')
    },
  )
})
