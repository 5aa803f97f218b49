// SPDX-License-Identifier: Apache-2.0
/** The policy by command line alone: written, refused, published, explained on two machines, and signed by two root holders. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { startInBackground } from './support/background.ts'
import { ROOT, documentOf, makeHome, run } from './support/program.ts'
import type { Ended, TestHome } from './support/program.ts'

const SLOW_MS = 240_000
const JOB = ['sensors/host', '--agent', 'pve1']
const BY_TWO = `@id("look")
permit (principal is Sallyport::Operator, action in Sallyport::Action::"read", resource);

@id("by two")
forbid (principal, action == Sallyport::Action::"sensors/host", resource)
unless { context.operatorCount >= 2 && context.signers.contains("ben") };
`

const scope = new AsyncDisposableStack()
let ann: TestHome
let ben: TestHome
let file: string
let hub = ''

const at = (who: TestHome, ...args: string[]): Promise<Ended> =>
  run(args, { env: { ...who.env, ...(hub && { SALLYPORT_HUB: hub }) } })

async function ended(code: number, who: TestHome, ...args: string[]): Promise<Record<string, any>> {
  const end = await at(who, ...args, '--json')
  expect({ ...end, args }).toMatchObject({ exitCode: code })
  return documentOf(end)
}
const json = (who: TestHome, ...args: string[]) => ended(0, who, ...args)
const explain = (who: TestHome, ...args: string[]) =>
  at(who, 'policy', 'explain', ...args, '--json')

beforeAll(async () => {
  ;[ann, ben] = await Promise.all([makeHome(), makeHome()])
  scope.use(ann)
  scope.use(ben)
  file = join(ann.folder, 'policy.cedar')
  await json(ann, 'init', '--name', 'ann', '--site', 'home')
  const started = await startInBackground(['hub', 'start', '--port', '0'], ann.env)
  hub = scope.use(started).started['url']!
  const { enrolLine } = await json(ann, 'agent', 'code', 'pve1')
  await json(ann, ...(enrolLine as string).split(' ').slice(1))
  scope.use(await startInBackground(['agent', 'start'], { ...ann.env, SALLYPORT_HUB: hub }))
  await json(ann, 'agent', 'list')
  const site = join(ann.folder, 'operator', 'site.json')
  const made = await json(ben, 'init', '--join', site, '--name', 'ben', '--root', '--hub', hub)
  const roles = ['--role', 'operator', '--role', 'root']
  await json(ann, 'trust', 'add', made['identity'].file as string, ...roles, '--yes')
  const sensors = join(ROOT, 'plugins', 'sensors')
  const { file: bundle } = await json(ann, 'plugin', 'build', sensors, '--out', ann.folder)
  await json(ann, 'plugin', 'keygen', '--name', 'maker')
  await json(ann, 'plugin', 'sign', bundle)
  await json(ann, 'plugin', 'approve', bundle, '--agent', 'pve1', '--yes')
}, SLOW_MS)

afterAll(() => scope.disposeAsync())

describe('a policy', () => {
  it(
    'is written from a template, and refused with the place of what does not fit',
    async () => {
      const out = join(ann.folder, 'team.cedar')
      await json(ann, 'policy', 'init', '--template', 'team', '--out', out)
      expect(
        (await at(ann, 'policy', 'init', '--template', 'solo', '--out', out)).stderr,
      ).toContain('ERR_POLICY_EXISTS')
      await writeFile(file, BY_TWO.replace('sensors/host', 'sensors/hots'))
      const refused = await at(ann, 'policy', 'publish', file, '--yes')
      expect(refused).toMatchObject({ exitCode: 3, stdout: '' })
      expect(refused.stderr).toContain(
        `${file}:5:30  no approved plugin has the job type "sensors/hots"`,
      )
      expect(refused.stderr).toContain('hint: did you mean "sensors/host"?')
      expect(refused.stderr).toContain('ERR_POLICY_FORM')
    },
    SLOW_MS,
  )

  it(
    'counts once the agent has taken it, and both people read the same',
    async () => {
      await writeFile(file, BY_TWO)
      const published = await json(ann, 'policy', 'publish', file, '--yes')
      expect(published).toMatchObject({
        state: 'published',
        version: 2,
        agents: [{ agent: { name: 'pve1' }, state: 'taken' }],
      })
      const again = await at(ann, 'policy', 'publish', file, '--yes')
      expect(again.stderr).toContain('ERR_POLICY_UNCHANGED')
      const shown = await json(ben, 'policy', 'show')
      expect(shown).toMatchObject({ version: 2, text: BY_TWO, digest: published['digest'] })
    },
    SLOW_MS,
  )
})

describe('policy explain', () => {
  it(
    'says of a job that nobody has signed who would have to',
    async () => {
      const alone = await explain(ann, ...JOB)
      expect(alone).toMatchObject({ exitCode: 3, stderr: '' })
      expect(documentOf(alone)).toMatchObject({
        allowed: false,
        why: 'denied',
        principal: 'operator/ann',
        rules: [{ name: 'by two', effect: 'forbid', line: 4 }],
      })
      const both = ['--signer', 'operator/ann', '--signer', 'operator/ben']
      expect(documentOf(await explain(ann, ...JOB, ...both))).toMatchObject({
        allowed: true,
        signers: ['operator/ann', 'operator/ben'],
        rules: [{ name: 'look' }],
      })
      const shop = await at(ann, 'policy', 'explain', ...JOB, '--as', 'customer/shop')
      expect(shop).toMatchObject({ exitCode: 3 })
      expect(shop.stdout).toContain('customer/shop may not run sensors/host on pve1')
      const other = await at(ben, 'policy', 'explain', 'sensors/read', '--agent', 'pve1')
      expect(other).toMatchObject({ exitCode: 0 })
      expect(other.stdout).toMatch(/operator\/ben may run .*\n {2}permitted by look, line 1/)
    },
    SLOW_MS,
  )

  it(
    'says of a job that was refused which rule it was, on the machine of either',
    async () => {
      const { job } = await ended(3, ann, 'job', 'run', ...JOB)
      for (const who of [ann, ben]) {
        expect(documentOf(await explain(who, job.jobId))).toMatchObject({
          allowed: false,
          principal: 'operator/ann',
          signers: ['operator/ann'],
          rules: [{ name: 'by two' }],
        })
      }
      const ifBoth = ['--signer', 'operator/ann', '--signer', 'operator/ben']
      expect(await explain(ben, job.jobId, ...ifBoth)).toMatchObject({ exitCode: 0 })
    },
    SLOW_MS,
  )

  it(
    'knows everybody who signed a job',
    async () => {
      await json(ann, 'trust', 'threshold', 'sensors/host', 'read', '--operators', '2', '--yes')
      const awaiting = await json(ann, 'job', 'run', ...JOB)
      expect(awaiting).toMatchObject({ state: 'awaiting' })
      const id = awaiting['job'].jobId as string
      expect(await json(ben, 'job', 'sign', id, '--yes')).toMatchObject({ state: 'done' })
      const { signers, ...said } = documentOf(await explain(ben, id))
      expect(said).toMatchObject({ allowed: true, principal: 'operator/ann' })
      expect(signers.toSorted()).toEqual(['operator/ann', 'operator/ben'])
    },
    SLOW_MS,
  )
})

describe('a policy that two root holders must sign', () => {
  it(
    'waits at the hub for the second, and is taken with that signature',
    async () => {
      const change = join(ann.folder, 'root.json')
      await json(ann, 'trust', 'threshold', '--root', '2', '--out', change, '--yes')
      await json(ben, 'trust', 'sign', change, '--yes')
      await writeFile(file, `${BY_TWO}// and no more\n`)
      const proposed = await json(ann, 'policy', 'publish', file, '--yes')
      const version = proposed['version'] as number
      expect(proposed).toMatchObject({ state: 'proposed', signedBy: ['ann'], need: 2, agents: [] })
      const alone = await at(ann, 'policy', 'sign', '--yes')
      expect(alone).toMatchObject({ exitCode: 3 })
      expect(alone.stderr).toContain('ERR_SIGNATURE_NOT_NEEDED')
      const seen = await json(ben, 'policy', 'show')
      expect(seen).toMatchObject({ text: BY_TWO, pending: { version, signedBy: ['ann'], need: 2 } })
      const unasked = await at(ben, 'policy', 'sign')
      expect(unasked).toMatchObject({ exitCode: 2 })
      expect(unasked.stderr).toContain('  + // and no more')
      expect(await json(ben, 'policy', 'sign', '--yes')).toMatchObject({
        state: 'published',
        version,
        agents: [{ agent: { name: 'pve1' }, state: 'taken' }],
      })
      expect(await json(ann, 'policy', 'show')).toMatchObject({ version, pending: null })
      expect((await at(ann, 'policy', 'sign', '--yes')).stderr).toContain('ERR_POLICY_UNCHANGED')
    },
    SLOW_MS,
  )
})
