// SPDX-License-Identifier: GPL-3.0-or-later
/** Simulated guests start, stop, pause and wake. */
import { describe, expect, it } from '@jest/globals'
import { openCluster, refusalOf } from './guest-calls.ts'

const managed = { state: 'started', group: undefined, comment: '' } as const

describe('starting and stopping', () => {
  it('starts a virtual machine by a task, and says running once it is over', () => {
    const cluster = openCluster()
    const { end, type } = cluster.run(103, 'POST /status/start')
    expect([type, end]).toEqual(['vzstart', 'OK'])
    expect(cluster.on(103, 'GET /status/current')).toMatchObject({ status: 'running' })
  })

  it('is stopped until the task is over', () => {
    const cluster = openCluster()
    cluster.on(103, 'POST /status/start')
    expect(cluster.guest(103).status).toBe('stopped')
    cluster.pass(3)
    expect(cluster.guest(103).status).toBe('running')
  })

  it('has a virtual machine that runs already fail in its task, a container at once', () => {
    const cluster = openCluster()
    expect(cluster.run(100, 'POST /status/start').end).toBe('VM 100 already running')
    expect(refusalOf(() => cluster.on(101, 'POST /status/start'))).toEqual({
      status: 500,
      message: 'CT 101 already running',
    })
  })

  it('starts no template', () => {
    const cluster = openCluster()
    expect(cluster.run(9000, 'POST /status/start').end).toBe(
      "you can't start a vm if it's a template",
    )
    expect(cluster.run(9001, 'POST /status/start').end).toBe(
      "you can't start a CT if it's a template",
    )
  })

  it('starts nothing that is locked, unless root skips the lock', () => {
    const cluster = openCluster()
    cluster.guest(103).lock = 'backup'
    expect(cluster.run(103, 'POST /status/start').end).toBe('CT is locked (backup)')
    expect(cluster.run(103, 'POST /status/start', { skiplock: true }).end).toBe('OK')
  })

  it('lets nobody but root skip a lock', () => {
    const cluster = openCluster()
    const ask = () =>
      cluster.on(100, 'POST /status/stop', { skiplock: true }, { user: 'sallyport@pve!pve1' })
    expect(refusalOf(ask)).toEqual({ status: 400, message: 'Parameter verification failed.' })
  })

  it('starts nothing without quorum, but stops', () => {
    const cluster = openCluster()
    for (const name of ['pve2', 'pve3']) cluster.world.nodes.get(name)!.state = 'offline'
    cluster.guest(100).status = 'stopped'
    expect(refusalOf(() => cluster.on(100, 'POST /status/start'))?.message).toBe(
      'cluster not ready - no quorum?',
    )
    cluster.guest(100).status = 'running'
    expect(cluster.run(100, 'POST /status/stop').end).toBe('OK')
  })

  it('starts nothing whose disk lies on a storage that is away', () => {
    const cluster = openCluster()
    cluster.run(102, 'POST /status/stop')
    cluster.world.storages.get('usb')!.unreachableFrom.add('pve1')
    expect(cluster.run(102, 'POST /status/start').end).toBe("storage 'usb' is not online")
  })

  it('starts nothing whose disk is gone', () => {
    const cluster = openCluster()
    cluster.run(102, 'POST /status/stop')
    cluster.world.storages.get('usb')!.volumes.clear()
    expect(cluster.run(102, 'POST /status/start').end).toMatch(/^volume 'usb:.*' does not exist$/)
  })

  it('stops what does not run: nothing to do for a virtual machine, refused for a container', () => {
    const cluster = openCluster()
    cluster.run(100, 'POST /status/stop')
    expect(cluster.run(100, 'POST /status/stop').end).toBe('OK')
    for (const verb of ['stop', 'shutdown', 'suspend']) {
      expect(refusalOf(() => cluster.on(103, `POST /status/${verb}`))?.message).toBe(
        'CT 103 not running',
      )
    }
  })

  it('knows no guest on a node where it is not', () => {
    const cluster = openCluster()
    const ask = () => cluster.on(100, 'GET /status/current', { node: 'pve2' })
    expect(refusalOf(ask)?.message).toBe(
      "Configuration file 'nodes/pve2/qemu-server/100.conf' does not exist",
    )
    const asOther = () =>
      cluster.ask('GET /nodes/{node}/lxc/{vmid}/status/current', { node: 'pve1', vmid: 100 })
    expect(refusalOf(asOther)?.message).toBe(
      "Configuration file 'nodes/pve1/lxc/100.conf' does not exist",
    )
  })
})

describe('shutting down', () => {
  it('ends a guest that obeys', () => {
    const cluster = openCluster()
    expect(cluster.run(101, 'POST /status/shutdown').end).toBe('OK')
    expect(cluster.guest(101).status).toBe('stopped')
  })

  it('gives up on a guest that does not obey', () => {
    const cluster = openCluster()
    expect(cluster.run(106, 'POST /status/shutdown', { timeout: 20 }).end).toBe(
      'VM quit/powerdown failed - got timeout',
    )
    expect(cluster.guest(106).status).toBe('running')
  })

  it('ends it by force when asked to', () => {
    const cluster = openCluster()
    const { end, log } = cluster.run(106, 'POST /status/shutdown', { timeout: 5, forceStop: true })
    expect(end).toBe('OK')
    expect(log[0]).toContain('terminating now')
    expect(cluster.guest(106).status).toBe('stopped')
  })

  it('refuses for a machine that is paused', () => {
    const cluster = openCluster()
    cluster.run(100, 'POST /status/suspend')
    expect(refusalOf(() => cluster.on(100, 'POST /status/shutdown'))?.message).toBe(
      'VM is paused - cannot shutdown',
    )
  })

  it('holds the guest: a stop waits ten seconds and fails, unless it overrules the shutdown', () => {
    const cluster = openCluster()
    cluster.on(106, 'POST /status/shutdown', { timeout: 60 })
    cluster.pass(1)
    expect(cluster.run(106, 'POST /status/stop').end).toBe(
      "can't lock file '/var/lock/qemu-server/lock-106.conf' - got timeout",
    )
    expect(cluster.run(106, 'POST /status/stop', { 'overrule-shutdown': true }).end).toBe('OK')
    expect(cluster.guest(106).status).toBe('stopped')
  })

  it('waits for a task that will soon be over', () => {
    const cluster = openCluster()
    cluster.on(103, 'POST /status/start')
    const { end } = cluster.run(103, 'POST /status/start')
    expect(end).toBe('CT 103 already running')
  })
})

describe('pausing', () => {
  it('pauses and resumes a virtual machine', () => {
    const cluster = openCluster()
    expect(cluster.run(100, 'POST /status/suspend').type).toBe('qmpause')
    expect(cluster.on(100, 'GET /status/current')).toMatchObject({
      status: 'running',
      qmpstatus: 'paused',
    })
    expect(cluster.run(100, 'POST /status/resume').type).toBe('qmresume')
    expect(cluster.guest(100).qmpStatus).toBe('running')
  })

  it('saves the memory to a volume, stays locked, and wakes from it', () => {
    const cluster = openCluster()
    expect(cluster.run(100, 'POST /status/suspend', { todisk: true }).type).toBe('qmsuspend')
    expect(cluster.guest(100)).toMatchObject({ status: 'stopped', lock: 'suspended' })
    expect(cluster.run(100, 'POST /status/resume').end).toBe('OK')
    expect(cluster.guest(100)).toMatchObject({ status: 'running', lock: undefined })
    expect(cluster.guest(100).config['vmstate']).toBeUndefined()
  })

  it('saves the memory only for those who may make volumes, on a storage that is there', () => {
    const cluster = openCluster()
    const save = (params: Record<string, string>, lacks: string[]) =>
      refusalOf(() =>
        cluster.on(100, 'POST /status/suspend', { todisk: true, ...params }, { lacks }),
      )
    expect(save({}, ['VM.Config.Disk'])?.message).toContain('/vms/100, VM.Config.Disk')
    expect(save({}, ['Datastore.AllocateSpace'])?.message).toContain('/storage/nas')
    expect(save({ statestorage: 'nope' }, [])?.message).toBe("storage 'nope' does not exist")
  })

  it('cannot suspend a container, as the real one cannot', () => {
    const cluster = openCluster()
    const { type, end } = cluster.run(101, 'POST /status/suspend')
    expect(type).toBe('vzsuspend')
    expect(end).toBe("command 'lxc-checkpoint -n 101 -s -D /var/lib/vz/dump' failed: exit code 1")
  })

  it('pauses and resumes only what runs, and resumes no container that runs', () => {
    const cluster = openCluster()
    cluster.run(100, 'POST /status/stop')
    for (const verb of ['suspend', 'resume']) {
      const ask = () => cluster.on(100, `POST /status/${verb}`)
      expect(refusalOf(ask)?.message).toBe('VM 100 not running')
    }
    const awake = () => cluster.on(101, 'POST /status/resume')
    expect(refusalOf(awake)?.message).toBe('CT 101 already running')
    expect(cluster.run(103, 'POST /status/resume').end).toContain('lxc-checkpoint -n 103 -r')
  })

  it('reboots and resets only what runs', () => {
    const cluster = openCluster()
    cluster.run(100, 'POST /status/stop')
    expect(refusalOf(() => cluster.on(100, 'POST /status/reset'))?.message).toBe(
      'VM 100 not running',
    )
    expect(refusalOf(() => cluster.on(100, 'POST /status/reboot'))?.message).toBe(
      'VM 100 not running',
    )
    expect(cluster.run(101, 'POST /status/reboot').end).toBe('OK')
    expect(cluster.guest(101).status).toBe('running')
  })
})

describe('a guest that the HA manager looks after', () => {
  it('is started and stopped by the manager, some seconds after the request', () => {
    const cluster = openCluster()
    cluster.world.ha.resources.set('vm:100', { sid: 'vm:100', ...managed })
    const { type, log } = cluster.run(100, 'POST /status/stop')
    expect([type, log[0]]).toEqual(['hastop', 'Requesting HA stop for VM 100'])
    expect(cluster.guest(100).status).toBe('running')
    cluster.pass(6)
    expect(cluster.guest(100).status).toBe('stopped')
    expect(cluster.run(100, 'POST /status/start').type).toBe('hastart')
    cluster.pass(6)
    expect(cluster.guest(100).status).toBe('running')
    expect([...cluster.world.tasks.values()].at(-1)).toMatchObject({
      type: 'qmstart',
      user: 'root@pam',
    })
  })

  it('is left to its own devices when the manager ignores it', () => {
    const cluster = openCluster()
    cluster.world.ha.resources.set('vm:100', { sid: 'vm:100', ...managed, state: 'ignored' })
    expect(cluster.run(100, 'POST /status/stop').type).toBe('qmstop')
  })
})

describe('lists and states', () => {
  it('lists the guests of a node and type that the caller may see', () => {
    const cluster = openCluster()
    const list = cluster.ask('GET /nodes/{node}/qemu', { node: 'pve1' }) as { vmid: number }[]
    expect(list.map(({ vmid }) => vmid)).toEqual(expect.arrayContaining([100, 102, 9000]))
    expect(
      cluster.ask('GET /nodes/{node}/qemu', { node: 'pve1' }, { lacks: ['VM.Audit'] }),
    ).toEqual([])
  })

  it('says what a host makes guests wait only since 9.x', () => {
    const of = (version: '8.4' | '9.2') => openCluster({ version }).on(100, 'GET /status/current')
    expect(of('9.2')).toHaveProperty('pressurecpufull', 0)
    expect(of('9.2')).toHaveProperty('memhost')
    expect(of('8.4')).not.toHaveProperty('pressurecpusome')
    expect(of('8.4')).not.toHaveProperty('memhost')
  })
})
