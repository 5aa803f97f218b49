// SPDX-License-Identifier: Apache-2.0
/** Every job type of the Proxmox plugin against a cluster of each version, signed, through hub, agent, sandbox and broker. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { encodeBase64url, encodeJson, parseBundle, parseJson } from '@sallyport/core/protocol'
import type { Plan, Result } from '@sallyport/core/protocol'
import { PVE_VERSIONS } from '@sallyport/plugin-proxmox/testing'
import { auditEvents } from '../../support/audit.ts'
import { Field } from '../../support/field.ts'
import { JOURNEY } from '../../support/proxmox-journey.ts'
import {
  addSite,
  buildProxmox,
  jobTypesOf,
  planOn,
  runBy,
  runOn,
  type Site,
} from '../../support/proxmox-field.ts'

const SLOW_MS = 120_000
const sites = new Map<string, Site>()
const scope = new AsyncDisposableStack()
let field: Field
let jobTypes: readonly string[]
let planning: ReadonlySet<string>

beforeAll(async () => {
  field = scope.use(await Field.open())
  const bundle = await buildProxmox(field)
  jobTypes = jobTypesOf(bundle)
  const { jobs } = parseBundle(bundle).manifest
  planning = new Set(jobTypes.filter((name) => jobs[name]!.hasPlan))
  for (const version of PVE_VERSIONS) {
    const name = `pve-${version.replace('.', '-')}`
    sites.set(
      version,
      await addSite(field, scope, { name, bundle, cluster: { version }, isLeast: true }),
    )
  }
}, SLOW_MS)

afterAll(() => scope.disposeAsync())

const runs = new Set<string>()

describe.each(PVE_VERSIONS)('on a cluster of version %s', (version) => {
  it.each(JOURNEY)(
    '$job does what it says, by the plan that was signed',
    async ({ job, make }) => {
      const site = sites.get(version)!
      const { world } = site.pve.simulator
      const { input, output = {}, effects = [], before, then } = make(world)
      before?.(world)
      const first = site.pve.ledger.length
      const plan = planning.has(job) ? await planOn(field, site, job, input) : undefined
      expect(plan?.state ?? 'done').toBe('done')
      expect(site.pve.ledger.slice(first).filter(({ hasEffect }) => hasEffect)).toEqual([])
      const result = await (plan === undefined
        ? runOn(field, site, job, input)
        : runBy(field, site, job, { input, plan }))
      runs.add(job)
      const { failure, refusal } = result
      expect({ failure, refusal }).toEqual({})
      expect(result).toMatchObject({ state: 'done', output })
      const changes = site.pve.ledger.slice(first).filter(({ hasEffect }) => hasEffect)
      expect(changes.map(({ operation }) => operation)).toEqual(effects)
      if (effects.length > 0) expect(result.verification).toMatchObject({ verdict: 'verified' })
      expect(then === undefined || Boolean(then(world))).toBe(true)
    },
    SLOW_MS,
  )

  it('every exchange is as the vendor’s schema has it', () => {
    const { schema } = sites.get(version)!
    schema.expectNoFaults()
  })
})

it('no job type is left out', () => {
  expect(jobTypes.filter((name) => !runs.has(name))).toEqual([])
})

describe('what happens between the plan and the run', () => {
  const VMID = 106
  const site = (): Site => sites.get('9.2')!
  const guest = () => site().pve.simulator.world.guests.get(VMID)!
  const target = () => ({ node: guest().node, vmid: VMID })
  const effects = () => site().pve.ledger.filter(({ hasEffect }) => hasEffect).length
  const stop = (): void => void (guest().status = 'stopped')

  /** Plans, lets something happen, and runs by the plan; nothing may be done. */
  async function drifted(job: string, happen: () => void): Promise<Result> {
    const input = target()
    const plan = await planOn(field, site(), job, input)
    expect(plan.state).toBe('done')
    happen()
    const before = effects()
    const result = await runBy(field, site(), job, { input, plan })
    expect(effects()).toBe(before)
    return result
  }

  it('a snapshot that was made is told of, and the guest is not removed', async () => {
    stop()
    const name = 'made-in-between'
    const taken = { ...guest(), snapshots: [] }
    const snapshot = { name, description: '', takenAtMs: Date.now(), parent: undefined }
    const result = await drifted(
      'guest.delete',
      () => void guest().snapshots.push({ ...snapshot, config: taken.config } as never),
    )
    expect(result).toMatchObject({ state: 'refused', refusal: { reason: 'plan_drifted' } })
    const { differences } = result.refusal!.details as { differences: { found: string }[] }
    expect(differences.some(({ found }) => found.includes(name))).toBe(true)
    guest().snapshots.pop()
  })

  it('a guest that was started is not rolled over by a job for a stopped one', async () => {
    stop()
    const result = await drifted('guest.config', () => void (guest().status = 'running'))
    expect(result.refusal).toMatchObject({
      details: {
        differences: expect.arrayContaining([
          { path: 'state.guest.status', signed: 'stopped', found: 'running' },
        ]),
      },
    })
  })

  it('a guest that was moved is not looked for elsewhere', async () => {
    stop()
    const home = guest().node
    const result = await drifted('guest.start', () => void (guest().node = 'pve3'))
    guest().node = home
    expect(result.refusal).toMatchObject({
      reason: 'plan_drifted',
      details: {
        differences: [{ path: 'plan', found: expect.stringContaining('ERR_PVE_NO_GUEST') }],
      },
    })
  })

  it('an edited plan is no plan that anybody signed', async () => {
    stop()
    const { operator } = field
    const { agent } = site()
    const planned = await planOn(field, site(), 'guest.delete', target())
    const job = operator.job(agent, {
      jobType: 'proxmox/guest.delete',
      input: target(),
      plan: planned.output as Plan,
    })
    const envelope = parseJson(operator.sign(job), 200_000) as { payload: string }
    const text = Buffer.from(envelope.payload, 'base64url').toString()
    const edited = encodeBase64url(Buffer.from(text.replace('"op":"remove"', '"op":"note"')))
    const before = effects()
    const label = await operator.submit(
      agent,
      encodeJson({ ...envelope, payload: edited }),
      job.jobId,
    )
    const answer = await operator.answerTo(agent, label)
    expect(answer.refusal).toMatchObject({ reason: 'bad_signature' })
    expect(effects()).toBe(before)
  })

  it('what destroys is not done without a plan', async () => {
    stop()
    const job = { jobType: 'proxmox/guest.delete', input: target(), plan: null }
    const result = await field.operator.run(site().agent, job)
    expect(result.refusal).toMatchObject({ reason: 'plan_missing' })
  })

  it('both are in the audit log, and that a plan was all', () => {
    const events = auditEvents(field.stateDir(site().agent.name))
    expect(events.filter(({ event }) => event === 'job.planned').length).toBeGreaterThan(25)
    const drift = events.find(({ details }) => details['reason'] === 'plan_drifted')
    expect(drift).toMatchObject({
      event: 'job.refused',
      details: { differences: expect.any(Array) },
    })
  })
})
