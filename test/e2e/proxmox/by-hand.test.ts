// SPDX-License-Identifier: Apache-2.0
/** A Proxmox cluster by command line alone: an account with the least rights, what it may, and every job with no more. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PluginManifest } from '@sallyport/sdk'
import { ROOT_PASSWORD } from '@sallyport/plugin-proxmox/testing'
import { startProxmox, type StartedProxmox } from '../../simulators/proxmox.ts'
import { watchSchema, type SchemaWatch } from '../../simulators/schema-watch.ts'
import {
  ROOT,
  sallyport,
  sallyportJson,
  start,
  temporaryFolder,
  type Finished,
  type Running,
} from '../../support/programs.ts'
import { auditEvents } from '../../support/audit.ts'
import { JOURNEY } from '../../support/proxmox-journey.ts'

const SLOW_MS = 180_000
const ACCOUNT = 'sallyport@pve!pve1'
const scope = new AsyncDisposableStack()
let home: string
let agent: Running
let common: string[]
let state: string[]
let pve: StartedProxmox
let schema: SchemaWatch

interface Document {
  readonly [member: string]: any
}

const cli = (...args: string[]): Promise<Finished> => sallyport([...args, ...common], { home })
const json = (...args: string[]): Promise<Document> =>
  sallyportJson<Document>([...args, ...common], { home })
const onHost = (...args: string[]): Promise<Document> =>
  sallyportJson<Document>([...args, ...state], { home })

async function secret(name: string, text: string): Promise<string> {
  const path = join(home, name)
  await writeFile(path, text, { mode: 0o600 })
  return path
}

/** The way to the node, as an operator gives it. */
async function setupArgs(
  more: readonly string[] = ['--yes'],
  about: { readonly password?: string; readonly fingerprint?: string } = {},
): Promise<string[]> {
  const { password = ROOT_PASSWORD, fingerprint = pve.fingerprint } = about
  const file = await secret('root-password', `${password}\n`)
  const node = ['--url', pve.url, '--fingerprint', fingerprint, '--password-file', file]
  return ['proxmox', 'setup', ...node, ...more, ...state]
}

beforeAll(async () => {
  home = scope.use(await temporaryFolder()).path
  pve = scope.use(await startProxmox({ version: '9.2' }))
  schema = watchSchema(pve.simulator, '9.2')
  const passphrase = await secret(
    'passphrase',
    '5f3a9c0e7b1d42868e9f6a0c3d5b7e1924c8f0a6b2d4e6183c5a7f9e0b1d2c34\n',
  )
  await sallyportJson(['init', '--passphrase-file', passphrase], { home })
  const hub = scope.use(await start(['hub', 'start', '--port', '0'], { home }))
  const url = String(hub.ready['url'])
  common = ['--hub', url, '--passphrase-file', passphrase]
  state = ['--state-dir', join(home, 'pve1')]
  const { code } = await json('agent', 'code', 'pve1')
  await onHost('agent', 'enrol', String(code), '--hub', url)
  agent = scope.use(await start(['agent', 'start', ...state], { home }))
  const built = await plain('plugin', 'build', join(ROOT, 'plugins/proxmox'), '--out', home)
  const keys = ['--passphrase-file', passphrase]
  await plain('plugin', 'keygen', '--name', 'maker', ...keys)
  await plain('plugin', 'sign', String(built['file']), ...keys)
  await json('plugin', 'approve', String(built['file']), '--agent', 'pve1', '--yes')
  const secrets = await secret('secrets', 'share=canary-password-of-share\n')
  await onHost('agent', 'bind', 'proxmox', 'storageSecrets', '--secret-file', secrets)
}, SLOW_MS)

afterAll(() => scope.disposeAsync())

/** Without the flags of an operator. */
const plain = (...args: string[]): Promise<Document> => sallyportJson<Document>(args, { home })

describe('proxmox setup', () => {
  it('refuses a token of root, and one without rights of its own', async () => {
    const asRoot = await sallyport(await setupArgs(['--account', 'root@pam', '--yes']), { home })
    expect(asRoot).toMatchObject({ code: 3, stdout: '' })
    expect(asRoot.stderr).toContain('ERR_TOKEN_OF_ROOT')
    const whole = await sallyport(await setupArgs(['--no-privilege-separation', '--yes']), { home })
    expect(whole).toMatchObject({ code: 3, stdout: '' })
    expect(whole.stderr).toContain('ERR_TOKEN_NOT_SEPARATED')
    expect(pve.ledger.filter(({ hasEffect }) => hasEffect)).toEqual([])
  })

  it('shows all of it and does nothing without a yes', async () => {
    const unasked = await sallyport(await setupArgs([]), { home })
    expect(unasked).toMatchObject({ code: 2, stdout: '' })
    expect(unasked.stderr).toContain(ACCOUNT)
    expect(unasked.stderr).toContain('VM.PowerMgmt')
    expect(unasked.stderr).toContain('ERR_CONFIRMATION_NEEDED')
    const changes = pve.ledger.filter(({ hasEffect }) => hasEffect)
    expect(changes.filter(({ operation }) => !operation.includes('/access/ticket'))).toEqual([])
  })

  it('refuses a wrong password and a wrong certificate before anything is made', async () => {
    const strange = await sallyport(await setupArgs(['--yes'], { password: 'wrong' }), { home })
    expect(strange.stderr).toContain('ERR_PVE_LOGIN')
    const fingerprint = '0'.repeat(64)
    const other = await sallyport(await setupArgs(['--yes'], { fingerprint }), { home })
    expect(other.stderr).toContain('ERR_ENDPOINT_UNTRUSTED')
    const account = pve.simulator.world.access.users.get('sallyport@pve')!
    expect([...account.tokens.keys()]).toEqual(['lab'])
  })

  it('makes an account whose token has its own rights, and binds it', async () => {
    const made = await plain(...(await setupArgs()))
    expect(made).toMatchObject({ token: ACCOUNT, isSeparated: true, isBound: true })
    const account = pve.simulator.world.access.users.get('sallyport@pve')!
    expect(account.tokens.get('pve1')).toMatchObject({ isSeparated: true })
    const { bindings } = await onHost('agent', 'bindings')
    expect(bindings).toMatchObject([{ name: 'pve', warnings: [] }, { name: 'storageSecrets' }])
    expect(JSON.stringify(made)).not.toContain(account.tokens.get('pve1')!.secret)
  })

  it('changes nothing when it is run again', async () => {
    const again = await plain(...(await setupArgs()))
    expect(again).toMatchObject({ changes: [], isBound: false })
  })
})

describe('proxmox doctor', () => {
  it('finds that every approved job type has its rights', async () => {
    const { findings, counts } = await json('proxmox', 'doctor', '--agent', 'pve1')
    expect({ findings, counts }).toMatchObject({ counts: { failed: 0 } })
  })

  it('tells missing rights from an empty cluster', async () => {
    const { acl } = pve.simulator.world.access
    const held = acl.splice(0)
    const looked = await cli('proxmox', 'doctor', '--agent', 'pve1')
    acl.push(...held)
    expect(looked.code).toBe(1)
    expect(looked.stdout).toContain('nothing_granted')
  })
})

describe('cluster top', () => {
  it('shows nodes, guests and what needs somebody', async () => {
    const shown = await cli('cluster', 'top')
    expect(shown).toMatchObject({ code: 0 })
    expect(shown.stdout).toMatch(/^NODE +CPU +MEMORY +PSI +GUESTS +STATE$/m)
    expect(shown.stdout).toMatch(/^pve1 .* online$/m)
    expect(shown.stdout).toContain('cluster lab · 3 nodes')
  })
})

const { jobs } = JSON.parse(
  readFileSync(join(ROOT, 'plugins/proxmox/manifest.json'), 'utf8'),
) as PluginManifest

/** Why: what a plan shows and binds is seen below; here it would be one command more for each job. */
const unplanned = (job: string): string[] => {
  const { effect, hasPlan } = jobs[job]!
  return effect === 'change' && hasPlan ? ['--no-plan'] : []
}

/** One of each kind that needs no other before it; all of them run with the least rights in jobs.test.ts. */
const BY_HAND = ['guest.start', 'guest.config', 'guest.snapshot', 'storage.status']

describe('jobs by command line, with the least rights', () => {
  it.each(JOURNEY.filter(({ job }) => BY_HAND.includes(job)))(
    '$job is done and verified',
    async ({ job, make }) => {
      const { world } = pve.simulator
      const { input, output = {}, effects = [], then } = make(world)
      const first = pve.ledger.length
      const params = await secret('params.json', JSON.stringify(input))
      const args = ['job', 'run', `proxmox/${job}`, '--agent', 'pve1', '--params-file', params]
      const ended = await cli(...args, ...unplanned(job), '--yes', '--json')
      const document = JSON.parse(ended.stdout) as Document
      expect(document['error']).toBeUndefined()
      expect(document).toMatchObject({ state: 'done', result: { output } })
      if (effects.length > 0) {
        expect(document['result'].verification).toMatchObject({ verdict: 'verified' })
      }
      const changes = pve.ledger.slice(first).filter(({ hasEffect }) => hasEffect)
      expect(changes.map(({ operation }) => operation)).toEqual(effects)
      expect(then === undefined || Boolean(then(world))).toBe(true)
    },
    SLOW_MS,
  )

  it('stops when the certificate of the cluster changes, until an operator signs for the new one', async () => {
    const status = async (): Promise<Document> =>
      JSON.parse(
        (await cli('job', 'run', 'proxmox/cluster.status', '--agent', 'pve1', '--json')).stdout,
      )
    const fingerprint = await pve.changeCertificate()
    const seen = pve.ledger.length
    expect(await status()).toMatchObject({
      state: 'failed',
      error: { code: 'ERR_ENDPOINT_UNTRUSTED' },
    })
    expect(await status()).toMatchObject({ state: 'refused', error: { code: 'binding_locked' } })
    const { findings } = JSON.parse(
      (await sallyport(['doctor', ...state, '--json'], { home })).stdout,
    ) as Document
    expect(findings).toContainEqual(expect.objectContaining({ code: 'binding_locked' }))
    expect(pve.ledger.length).toBe(seen)
    const pin = ['--plugin', 'proxmox', '--binding', 'pve', '--fingerprint', fingerprint]
    const pinned = await json('agent', 'pin', '--agent', 'pve1', ...pin, '--yes')
    expect(pinned).toMatchObject({ sha256: fingerprint, wasLocked: true })
    expect(await status()).toMatchObject({ state: 'done' })
  })

  it('leaves no secret in the log of the agent nor in its audit log', () => {
    const { tokens } = pve.simulator.world.access.users.get('sallyport@pve')!
    const { stdout, stderr } = agent.output()
    const written = [stdout, stderr, JSON.stringify(auditEvents(join(home, 'pve1')))].join('')
    expect(written).toContain('run.finished')
    for (const secret of [tokens.get('pve1')!.secret, 'canary-password-of-share', ROOT_PASSWORD]) {
      expect(written.includes(secret)).toBe(false)
    }
  })

  it('every exchange was as the vendor’s schema has it', () => {
    schema.expectNoFaults()
  })
})

describe('a plan, by command line', () => {
  const VMID = 106
  const guest = () => pve.simulator.world.guests.get(VMID)!
  const about = (job: string): string[] => {
    const { node } = guest()
    return [`proxmox/${job}`, '--agent', 'pve1', '-p', `node=${node}`, '-p', `vmid=${VMID}`]
  }
  const effects = () => pve.ledger.filter(({ hasEffect }) => hasEffect).length
  let before = 0

  beforeEach(() => {
    guest().status = 'stopped'
    before = effects()
  })

  it('shows what would be lost and the line that signs it, and changes nothing', async () => {
    const shown = await cli('job', 'plan', ...about('guest.delete'))
    expect(shown).toMatchObject({ code: 0 })
    expect(shown.stdout).toMatch(/^plan from pve1, .* \(state sha256:[0-9a-f]{8}…[0-9a-f]{3}\)$/m)
    expect(shown.stdout).toMatch(/^ {2}- guest 106 ".*" \(qemu, stopped, \d+ cores?, .*iB\)$/m)
    expect(shown.stdout).toMatch(/^ {2}- volume .*, \d+ GiB$/m)
    expect(shown.stdout).toMatch(/^ {2}! last backup 20\d\d-.* UTC, on \w+$/m)
    expect(shown.stderr).toContain('sallyport job run proxmox/guest.delete --agent pve1 --param')
    expect(effects()).toBe(before)
  })

  it('is all that --dry-run does, as one document', async () => {
    const document = await json('job', 'run', ...about('guest.delete'), '--dry-run')
    expect(document).toMatchObject({
      format: 'sallyport.plan/1',
      jobType: 'proxmox/guest.delete',
      effect: 'destroy',
      plan: { changes: expect.any(Array), state: { guest: { vmid: VMID } } },
      stateDigest: expect.stringMatching(/^sha256:/),
    })
    expect(effects()).toBe(before)
  })

  it('that destroys is shown and asked about, and nothing is done without a terminal', async () => {
    const asked = await cli('job', 'run', ...about('guest.delete'))
    expect(asked).toMatchObject({ code: 2, stdout: '' })
    expect(asked.stderr).toContain('  - guest 106')
    expect(asked.stderr).toContain('This destroys data.')
    expect(asked.stderr).toContain('ERR_CONFIRMATION_NEEDED')
    expect(asked.stderr).toContain('add --yes')
    expect(effects()).toBe(before)
  })

  it('cannot be left out where the job destroys, and can where it only changes', async () => {
    const destroy = await cli('job', 'run', ...about('guest.delete'), '--no-plan')
    expect(destroy).toMatchObject({ code: 2, stdout: '' })
    expect(destroy.stderr).toContain('is signed with its plan or not at all')
    expect(effects()).toBe(before)
    const changed = await json('job', 'run', ...about('guest.config'), '-p', 'cores=3', '--no-plan')
    expect(changed).toMatchObject({ state: 'done', job: { step: 'run', plan: null } })
  })

  it('that no longer holds when the agent looks again is refused, with what differs', async () => {
    let looks = 0
    pve.simulator.observe(({ path }) => {
      // The first look is that of the plan; before the second one the guest is started by somebody else.
      if (!path.includes(`/qemu/${VMID}/status/current`)) return
      looks += 1
      if (looks === 1) guest().status = 'running'
    })
    const refused = await cli('job', 'run', ...about('guest.config'), '-p', 'cores=4')
    expect(refused).toMatchObject({ code: 3, stdout: '' })
    expect(refused.stderr).toMatch(/refused by pve1: the plan no longer holds +\(plan_drifted\)/)
    expect(refused.stderr).toMatch(/state\.guest\.status +signed stopped, found running/)
    expect(refused.stderr).toContain('Nothing was changed. Look again and sign the new plan:')
    expect(refused.stderr).toContain(
      '  sallyport job plan proxmox/guest.config --agent pve1 --param',
    )
    expect(effects()).toBe(before)
  })

  it('is signed with the job that follows it', async () => {
    const document = await json('job', 'run', ...about('guest.delete'), '--yes')
    expect(document).toMatchObject({
      state: 'done',
      job: {
        plan: {
          changes: expect.arrayContaining([
            { op: 'remove', what: expect.stringContaining('guest 106') },
          ]),
        },
      },
      result: { verification: { verdict: 'verified' } },
    })
    const shown = await cli('job', 'show', String(document['job'].jobId))
    expect(shown.stdout).toMatch(/signed plan/)
    expect(shown.stdout).toMatch(/^ {2}- guest 106/m)
  })
})
