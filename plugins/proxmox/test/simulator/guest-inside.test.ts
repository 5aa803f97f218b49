// SPDX-License-Identifier: GPL-3.0-or-later
/** What simulated guests tell of their inside: agent, cloud-init, interfaces, measurements, firewall. */
import { describe, expect, it } from '@jest/globals'
import { openCluster, refusalOf } from './guest-calls.ts'

const COMMANDS = [
  ['POST /agent/exec', { command: ['true'] }],
  ['GET /agent/exec-status', { pid: 1200 }],
  ['GET /agent/file-read', { file: '/etc/hostname' }],
  ['POST /agent/file-write', { file: '/tmp/x', content: 'x' }],
] as const

describe('the guest agent', () => {
  it('refuses commands, files and processes that it does not know', () => {
    const cluster = openCluster()
    const refused = (short: string, params: Record<string, string | number>) =>
      refusalOf(() => cluster.on(100, short, params))?.message
    expect(refused('POST /agent', { command: 'fly' })).toBe("unknown guest agent command 'fly'")
    expect(refused('GET /agent/exec-status', { pid: 1 })).toBe('Agent error: PID 1 does not exist')
    expect(refused('GET /agent/file-read', { file: '/etc/nope' })).toContain(
      'No such file or directory',
    )
  })

  it('answers where one is', () => {
    const cluster = openCluster()
    expect(cluster.on(100, 'POST /agent/ping')).toEqual({ result: {} })
    expect(cluster.on(100, 'GET /agent/get-host-name')).toEqual({ result: { 'host-name': 'web' } })
    expect(cluster.on(100, 'GET /agent/network-get-interfaces')).toEqual({
      result: expect.arrayContaining([
        expect.objectContaining({ name: 'eth0', 'hardware-address': 'bc:24:11:00:00:64' }),
      ]),
    })
    expect(cluster.on(100, 'POST /agent', { command: 'get-osinfo' })).toMatchObject({
      result: { id: 'debian' },
    })
    expect(cluster.on(100, 'POST /agent/exec', { command: ['true'] })).toEqual({
      pid: expect.any(Number),
    })
    expect(cluster.on(100, 'GET /agent/exec-status', { pid: 1200 })).toMatchObject({
      exited: 1,
      exitcode: 0,
    })
    expect(cluster.on(100, 'GET /agent/file-read', { file: '/etc/hostname' })).toEqual({
      content: 'web\n',
    })
  })

  it('freezes and thaws', () => {
    const cluster = openCluster()
    const status = () => cluster.on(100, 'POST /agent/fsfreeze-status')
    expect(status()).toEqual({ result: 'thawed' })
    expect(cluster.on(100, 'POST /agent/fsfreeze-freeze')).toEqual({ result: 1 })
    expect(status()).toEqual({ result: 'frozen' })
    expect(cluster.on(100, 'POST /agent/fsfreeze-thaw')).toEqual({ result: 1 })
    expect(status()).toEqual({ result: 'thawed' })
  })

  it('does not answer where none is configured, the machine is off, or nothing listens', () => {
    const cluster = openCluster()
    const ping = () => refusalOf(() => cluster.on(100, 'POST /agent/ping'))?.message
    cluster.guest(100).hasAgent = false
    expect(ping()).toBe('QEMU guest agent is not running')
    for (const [short, params] of COMMANDS) {
      expect(refusalOf(() => cluster.on(100, short, params))?.message).toBe(
        'QEMU guest agent is not running',
      )
    }
    cluster.guest(100).config['agent'] = 'enabled=0'
    expect(ping()).toBe('No QEMU guest agent configured')
    cluster.guest(100).config['agent'] = '1'
    cluster.run(100, 'POST /status/stop')
    expect(ping()).toBe('VM 100 is not running')
  })

  it('does not answer in a machine that is paused', () => {
    const cluster = openCluster()
    cluster.run(100, 'POST /status/suspend')
    expect(refusalOf(() => cluster.on(100, 'POST /agent/ping'))?.message).toBe(
      'QEMU guest agent is not running',
    )
  })
})

describe('cloud-init', () => {
  it('shows what would change, takes it over, and prints what it gives', () => {
    const cluster = openCluster()
    cluster.run(9000, 'POST /clone', { newid: 500, name: 'fresh' })
    cluster.run(500, 'POST /status/start')
    cluster.on(500, 'PUT /config', { ipconfig0: 'ip=10.9.0.5/24,gw=10.9.0.1' })
    expect(cluster.on(500, 'GET /cloudinit')).toContainEqual({
      key: 'ipconfig0',
      value: 'ip=dhcp',
      pending: 'ip=10.9.0.5/24,gw=10.9.0.1',
    })
    expect(cluster.on(500, 'PUT /cloudinit')).toBeNull()
    expect(cluster.guest(500).config['ipconfig0']).toBe('ip=10.9.0.5/24,gw=10.9.0.1')
    expect(cluster.on(500, 'GET /cloudinit/dump', { type: 'user' })).toContain('hostname: fresh')
    expect(cluster.on(500, 'GET /cloudinit/dump', { type: 'network' })).toContain(
      "address: '10.9.0.5/24'",
    )
    expect(cluster.on(500, 'GET /agent/network-get-interfaces')).toMatchObject({
      result: [{}, { 'ip-addresses': [{ 'ip-address': '10.9.0.5' }, {}] }],
    })
  })

  it('needs a drive of its own', () => {
    const cluster = openCluster()
    expect(refusalOf(() => cluster.on(100, 'PUT /cloudinit'))?.message).toBe(
      'no cloudinit drive found',
    )
  })
})

describe('interfaces of containers', () => {
  it('are told while it runs', () => {
    const cluster = openCluster()
    expect(cluster.on(101, 'GET /interfaces')).toContainEqual(
      expect.objectContaining({
        name: 'eth0',
        hwaddr: 'bc:24:11:00:00:65',
        inet: '10.30.0.101/16',
      }),
    )
    expect(refusalOf(() => cluster.on(103, 'GET /interfaces'))?.status).toBe(500)
  })
})

describe('measurements', () => {
  it('have the shape of the version', () => {
    const points = (version: '8.4' | '9.2', vmid: number) =>
      openCluster({ version }).on(vmid, 'GET /rrddata', { timeframe: 'hour' }) as Record<
        string,
        number
      >[]
    expect(Object.keys(points('9.2', 100).at(-1) ?? {})).toHaveLength(18)
    expect(Object.keys(points('9.2', 101).at(-1) ?? {})).toHaveLength(17)
    expect(Object.keys(points('8.4', 100).at(-1) ?? {})).toHaveLength(11)
    expect(Object.keys(points('9.2', 103).at(-1) ?? {})).toHaveLength(5)
    const [one, other] = points('9.2', 100)
    expect((other?.['time'] ?? 0) - (one?.['time'] ?? 0)).toBe(60)
  })
})

describe('the firewall', () => {
  it('keeps options and rules, in their order', () => {
    const cluster = openCluster()
    cluster.on(100, 'PUT /firewall/options', { enable: true, policy_in: 'DROP' })
    expect(cluster.on(100, 'GET /firewall/options')).toMatchObject({ enable: 1, policy_in: 'DROP' })
    cluster.on(100, 'POST /firewall/rules', { type: 'in', action: 'ACCEPT', dport: '22' })
    cluster.on(100, 'POST /firewall/rules', { type: 'in', action: 'DROP' })
    expect(cluster.on(100, 'GET /firewall/rules')).toMatchObject([
      { pos: 0, action: 'DROP' },
      { pos: 1, dport: '22' },
    ])
    cluster.on(100, 'PUT /firewall/rules/{pos}', { pos: 1, moveto: 0, delete: 'dport' })
    expect(cluster.on(100, 'GET /firewall/rules')).toMatchObject([
      { action: 'ACCEPT' },
      { action: 'DROP' },
    ])
    cluster.on(100, 'DELETE /firewall/rules/{pos}', { pos: 0 })
    expect(cluster.on(100, 'GET /firewall/rules')).toHaveLength(1)
    expect(refusalOf(() => cluster.on(100, 'GET /firewall/rules/{pos}', { pos: 5 }))?.message).toBe(
      'no rule at position 5',
    )
    for (const [short, params] of [
      ['PUT /firewall/options', { enable: true }],
      ['POST /firewall/rules', { type: 'in', action: 'DROP' }],
      ['PUT /firewall/rules/{pos}', { pos: 0, enable: 1 }],
      ['DELETE /firewall/rules/{pos}', { pos: 0 }],
    ] as const) {
      const late = () => cluster.on(100, short, { ...params, digest: 'x' })
      expect(refusalOf(late)?.message).toContain('detected modified configuration')
    }
  })
})
