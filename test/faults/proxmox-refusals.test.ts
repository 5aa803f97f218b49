// SPDX-License-Identifier: Apache-2.0
/** What a cluster is not in a state for, or does not let the token do: each job fails with the reason, and nothing happens. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { World } from '@sallyport/plugin-proxmox/testing'
import { Field } from '../support/field.ts'
import { addSite, buildProxmox, runOn, type Site } from '../support/proxmox-field.ts'

const SLOW_MS = 120_000
const scope = new AsyncDisposableStack()
let field: Field
let site: Site
/** Its token may look and no more. */
let looking: Site

beforeAll(async () => {
  field = scope.use(await Field.open())
  const bundle = await buildProxmox(field)
  const version = '9.2'
  site = await addSite(field, scope, { name: 'pve1', bundle, cluster: { version } })
  const token = { privileges: ['VM.Audit'] }
  looking = await addSite(field, scope, { name: 'pve2', bundle, cluster: { version, token } })
}, SLOW_MS)

afterAll(() => scope.disposeAsync())

type Input = Readonly<Record<string, unknown>>

/** A job that fails; `[job, input, code]`, and what its message says. */
type Refused = readonly [job: string, input: Input, code: string, says?: string]

const effectsOf = ({ pve }: Site): number => pve.ledger.filter(({ hasEffect }) => hasEffect).length

/** Runs a job that must fail without an effect. */
async function expectRefused(at: Site, [job, input, code, says = '']: Refused): Promise<void> {
  const before = effectsOf(at)
  const { state, failure } = await runOn(field, at, job, input)
  expect({ job, state, code: failure?.code }).toEqual({ job, state: 'failed', code })
  expect(failure!.message).toContain(says)
  expect(effectsOf(at) - before).toBe(0)
}

/** Makes the cluster so for a while. */
async function during(
  change: (world: World) => void,
  undo: (world: World) => void,
  act: () => Promise<void>,
): Promise<void> {
  const { world } = site.pve.simulator
  change(world)
  try {
    await act()
  } finally {
    undo(world)
  }
}

const RUNNING = { node: 'pve1', vmid: 100 }
const STOPPED = { node: 'pve3', vmid: 108 }
const TEMPLATE = { node: 'pve1', vmid: 9000 }

const LOCKED: readonly Refused[] = [
  ['guest.start', STOPPED, 'ERR_PVE_LOCKED', 'backup'],
  ['guest.delete', STOPPED, 'ERR_PVE_LOCKED', 'backup'],
  ['guest.migrate', { ...STOPPED, target: 'pve1' }, 'ERR_PVE_LOCKED', 'backup'],
  ['guest.backup', { ...STOPPED, storage: 'nas' }, 'ERR_PVE_LOCKED', 'backup'],
  ['guest.snapshot.create', { ...STOPPED, snapshot: 'before' }, 'ERR_PVE_LOCKED', 'backup'],
  ['guest.config', { ...STOPPED, description: 'x' }, 'ERR_PVE_LOCKED', 'backup'],
]

describe('a guest that something holds', () => {
  it.each(LOCKED)('is left alone by %s', async (...refused) => {
    const lock = (held: string | undefined) => (world: World) => {
      world.guests.get(STOPPED.vmid)!.lock = held
    }
    await during(lock('backup'), lock(undefined), () => expectRefused(site, refused))
  })
})

const media = { type: 'nfs', server: '192.0.2.20', class: 'slow', role: 'media' }
const target = { ...media, storage: 'media', export: '/srv', content: ['images'] }
const MANIFEST = { nodes: ['pve1'], storages: ['media'], targets: [target] }

const WITHOUT_QUORUM: readonly Refused[] = [
  ['guest.start', { node: 'pve1', vmid: 103 }, 'ERR_PVE_NO_QUORUM', 'no quorum'],
  ['guest.migrate', { ...RUNNING, target: 'pve2' }, 'ERR_PVE_NO_QUORUM', 'no quorum'],
  ['guest.clone', { ...TEMPLATE, newid: 300 }, 'ERR_PVE_NO_QUORUM', 'no quorum'],
  ['guest.config', { ...RUNNING, description: 'x' }, 'ERR_PVE_NO_QUORUM', 'no quorum'],
  ['guest.snapshot.create', { ...RUNNING, snapshot: 'before' }, 'ERR_PVE_NO_QUORUM', 'no quorum'],
  ['storage.reconcile', MANIFEST, 'ERR_PVE_NO_QUORUM', 'no quorum'],
]

function power(state: 'online' | 'offline', ...names: string[]) {
  return (world: World): void => {
    for (const name of names) world.nodes.get(name)!.state = state
  }
}

describe('a cluster without quorum', () => {
  it.each(WITHOUT_QUORUM)('changes nothing for %s', async (...refused) => {
    const nodes = ['pve2', 'pve3']
    await during(power('offline', ...nodes), power('online', ...nodes), () =>
      expectRefused(site, refused),
    )
  })

  it('is not brought about by a node that goes down', async () => {
    await during(power('offline', 'pve2'), power('online', 'pve2'), () =>
      expectRefused(site, ['node.shutdown', { node: 'pve3' }, 'ERR_PVE_QUORUM_LOSS']),
    )
  })
})

const ON_ANOTHER: readonly Refused[] = [
  ['guest.start', STOPPED, 'ERR_PVE_NODE_OFFLINE', 'pve3'],
  ['guest.migrate', { ...RUNNING, target: 'pve3' }, 'ERR_PVE_NODE_OFFLINE', 'pve3'],
  ['guest.backup', { ...STOPPED, storage: 'nas' }, 'ERR_PVE_NODE_OFFLINE', 'pve3'],
  ['node.reboot', { node: 'pve3' }, 'ERR_PVE_NODE_OFFLINE', 'pve3'],
]

describe('a node that is off', () => {
  it.each(ON_ANOTHER)('is not asked anything by %s', async (...refused) => {
    await during(power('offline', 'pve3'), power('online', 'pve3'), () =>
      expectRefused(site, refused),
    )
  })
})

const NOT_THAT_GUEST: readonly Refused[] = [
  ['guest.start', { node: 'pve1', vmid: 777 }, 'ERR_PVE_NO_GUEST', '777'],
  ['guest.start', { node: 'pve1', vmid: 108 }, 'ERR_PVE_NO_GUEST', 'guest.list'],
  ['guest.delete', { node: 'pve2', vmid: 108 }, 'ERR_PVE_NO_GUEST', 'guest.list'],
  ['guest.backup', { node: 'pve2', vmid: 108, storage: 'nas' }, 'ERR_PVE_NO_GUEST', 'guest.list'],
  ['guest.start', TEMPLATE, 'ERR_PVE_TEMPLATE', 'template'],
  ['guest.delete', TEMPLATE, 'ERR_PVE_TEMPLATE', 'template'],
  ['guest.snapshot.create', { ...TEMPLATE, snapshot: 'before' }, 'ERR_PVE_TEMPLATE', 'template'],
  ['guest.delete', RUNNING, 'ERR_PVE_STATE', 'running'],
  ['guest.clone', { ...TEMPLATE, newid: 100 }, 'ERR_PVE_VMID_TAKEN', '100'],
  ['guest.migrate', { ...RUNNING, target: 'pve1' }, 'ERR_PVE_STATE', 'pve1'],
  ['node.reboot', { node: 'pve9' }, 'ERR_PVE_NODE_OFFLINE', 'pve9'],
]

describe('a guest or node that is not what the job takes it for', () => {
  it.each(NOT_THAT_GUEST)('is left alone by %s %j: %s', async (...refused) => {
    await expectRefused(site, refused)
  })
})

const WITHOUT_RIGHT: readonly Refused[] = [
  ['guest.start', { node: 'pve1', vmid: 103 }, 'ERR_PVE_PERMISSION', 'VM.PowerMgmt on /vms/103'],
  ['guest.stop', RUNNING, 'ERR_PVE_PERMISSION', 'VM.PowerMgmt on /vms/100'],
  ['guest.delete', STOPPED, 'ERR_PVE_PERMISSION', 'VM.Allocate on /vms/108'],
  [
    'guest.snapshot.create',
    { ...RUNNING, snapshot: 'before' },
    'ERR_PVE_PERMISSION',
    'VM.Snapshot',
  ],
  ['guest.config', { ...RUNNING, description: 'x' }, 'ERR_PVE_PERMISSION', 'VM.Config.Options'],
  ['guest.clone', { ...TEMPLATE, newid: 300 }, 'ERR_PVE_PERMISSION', 'VM.Clone on /vms/9000'],
  ['guest.backup', { ...RUNNING, storage: 'nas' }, 'ERR_PVE_PERMISSION', 'Datastore'],
  ['node.reboot', { node: 'pve2' }, 'ERR_PVE_PERMISSION', 'Sys'],
]

describe('a token that may only look', () => {
  it('looks', async () => {
    const { state, output } = await runOn(field, looking, 'guest.show', RUNNING)
    expect({ state, output }).toMatchObject({ state: 'done', output: { vmid: 100 } })
  })

  it.each(WITHOUT_RIGHT)('changes nothing by %s', async (...refused) => {
    await expectRefused(looking, refused)
  })
})

describe('a cluster whose certificate changes', () => {
  it(
    'is sent nothing more, until an operator pins the new one',
    async () => {
      const sha256 = await site.pve.changeCertificate()
      const before = site.pve.ledger.length
      const start = () => runOn(field, site, 'guest.start', STOPPED)
      expect(await start()).toMatchObject({
        state: 'failed',
        failure: { code: 'ERR_ENDPOINT_UNTRUSTED' },
      })
      const locked = { state: 'refused', refusal: { reason: 'binding_locked' } }
      expect(await start()).toMatchObject(locked)
      expect(await runOn(field, site, 'cluster.status')).toMatchObject(locked)
      expect(site.pve.ledger.length - before).toBe(0)
      const pin = { plugin: 'proxmox', binding: 'pve', sha256 }
      expect(await field.operator.pin(site.agent, pin)).toMatchObject({ state: 'done' })
      expect(await start()).toMatchObject({ state: 'done', output: { changed: true } })
    },
    SLOW_MS,
  )
})

it('every exchange is as the vendor’s schema has it', () => {
  for (const { schema } of [site, looking]) schema.expectNoFaults()
})
