// SPDX-License-Identifier: Apache-2.0
/** Numbers and names that are none, in signed jobs about guests: nothing is coerced, and no service ever sees the text. */
import { randomUUIDv7 } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Job } from '@sallyport/core/protocol'
import { Field } from '../support/field.ts'
import { addSite, buildProxmox, type Site } from '../support/proxmox-field.ts'
import { Target } from '../support/target.ts'

const scope = new AsyncDisposableStack()
let site: Site
let target: Target
/** What a name would make if a shell ever saw it. */
let touched: string

beforeAll(async () => {
  const field = scope.use(await Field.open())
  const bundle = await buildProxmox(field)
  site = await addSite(field, scope, { name: 'pve1', bundle, cluster: { version: '9.2' } })
  await field.approve(site.agent, 'counter')
  target = new Target(field, site.agent)
  touched = join(field.folder, 'touched')
})
afterAll(() => scope.disposeAsync())

/** A job that would take a snapshot of guest 100. */
function snapshot(input: Readonly<Record<string, unknown>> = {}): Job {
  const given = { node: 'pve1', vmid: 100, snapshot: 'before', ...input } as Job['input']
  return target.adding({ jobType: 'proxmox/guest.snapshot.create', input: given })
}

/** The same with the number of the guest in another spelling. */
const spelt = (vmid: string): Uint8Array =>
  target.signText((text) => text.replace('"vmid":100', `"vmid":${vmid}`), snapshot())

/** Whatever is done here reaches no service. */
async function expectUnseen(attack: () => Promise<void>): Promise<void> {
  const before = site.pve.ledger.length
  await attack()
  expect(site.pve.ledger.slice(before)).toEqual([])
}

describe('the number of a guest', () => {
  it('written in another way than ECMAScript does is malformed', async () => {
    const spellings = [
      '1e2',
      '101.0',
      '0101',
      '-0',
      '9007199254740993',
      '1E2',
      '+101',
      '0x65',
      '.5',
      '101.',
      'NaN',
      'Infinity',
    ]
    await expectUnseen(() =>
      target.expectRefused(
        'malformed',
        spellings.map((vmid) => ({ bytes: spelt(vmid), label: randomUUIDv7() })),
      ),
    )
  })

  it('that is none is bad input, and never made one', async () => {
    const none = [
      '"101"',
      '"0x65"',
      '" 101"',
      '"0101"',
      '-1',
      '0',
      '99',
      '101.5',
      '1000000000',
      '9007199254740992',
    ]
    const others = [
      'true',
      'null',
      '[101]',
      '{"vmid":101}',
      '"１０１"',
      '"101\\u0000"',
      '""',
      '"101/../102"',
      '"*"',
    ]
    await expectUnseen(() => target.expectRefused('bad_input', [...none, ...others].map(spelt)))
  })
})

describe('a name', () => {
  it('with anything in it that a shell, a path, a screen or a protocol reads is bad input', async () => {
    const names = [
      `$(touch ${touched})`,
      `\`touch ${touched}\``,
      `x; touch ${touched}`,
      `x|touch ${touched}`,
      '-f',
      '--force',
      '../../etc/passwd',
      '..',
      '.',
      '%2e%2e%2f',
      'a/b',
      'a\0b',
      'a\nb',
      'a\r\nHost: x',
      'a b',
      ' before',
      'before ',
      'be\u202efore',
      'be\u200bfore',
      'ｂefore',
      'bеfore',
      '\u001b[2Jbefore',
      '<script>',
      "' OR 1=1--",
      '',
      'a',
      'a'.repeat(41),
      'a'.repeat(300),
      '1before',
    ]
    const fields = [
      ...names.map((name) => ({ snapshot: name })),
      ...['', '-pve1', 'pve1/qemu/102', '127.0.0.1', 'pve1\0', 'pve1;id', 'a'.repeat(64)].map(
        (node) => ({ node }),
      ),
    ]
    await expectUnseen(() =>
      target.expectRefused(
        'bad_input',
        fields.map((field) => target.operator.sign(snapshot(field))),
      ),
    )
    expect(existsSync(touched)).toBe(false)
  })

  it('that the service itself would take for something else is refused by the plugin, before any request', async () => {
    const reserved = [{ snapshot: 'current' }, { snapshot: 'Pending' }, { node: 'localhost' }]
    await expectUnseen(async () => {
      const answers = await target.answers(
        reserved.map((field) => ({ bytes: target.operator.sign(snapshot(field)) })),
      )
      expect(answers.map(({ failure }) => failure?.code)).toEqual(
        reserved.map(() => 'ERR_INPUT_FORM'),
      )
    })
  })

  it('that is no text at all is malformed', async () => {
    const halves = ['\\ud800', '\\udc00', 'be\\udbfffore']
    const signed = halves.map((half) =>
      target.signText((text) => text.replace('"before"', `"${half}"`), snapshot()),
    )
    await expectUnseen(() =>
      target.expectRefused(
        'malformed',
        signed.map((bytes) => ({ bytes, label: randomUUIDv7() })),
      ),
    )
  })

  it('of a plugin, a job or a step that is none is malformed or unknown', async () => {
    const job = (jobType: string): Uint8Array =>
      target.signText((text) => text.replace('counter/add', jobType))
    await target.expectEach({
      'no plugin of this agent': ['not_approved', job('counters/add')],
      'no job of the plugin': ['unknown_job_type', job('counter/remove')],
      'a method of every object': ['malformed', job('counter/toString')],
      'a small one': ['unknown_job_type', job('counter/constructor')],
      'a way up': ['malformed', job('../counter/add')],
      'two plugins': ['malformed', job('counter/counter/add')],
      'no job': ['malformed', job('counter/')],
      'another case': ['malformed', job('Counter/add')],
      'a look-alike': ['malformed', job('cоunter/add')],
      'with a space': ['malformed', job('counter/add ')],
      'with a zero byte': ['malformed', job('counter/add\\u0000')],
      'a step that is none': [
        'malformed',
        target.signText((text) => text.replace('"run"', '"force"')),
      ],
    })
  })
})

describe('the same job with nothing odd in it', () => {
  it('runs, so that the refusals above mean something', async () => {
    const result = await target.operator.run(site.agent, snapshot())
    expect(result).toMatchObject({ state: 'done' })
    expect(site.pve.ledger.filter(({ hasEffect }) => hasEffect)).toHaveLength(1)
  })

  it('leaves a log with each of them', async () => {
    await target.expectOnRecord()
  })
})
