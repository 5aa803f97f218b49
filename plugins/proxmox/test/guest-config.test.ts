// SPDX-License-Identifier: GPL-3.0-or-later
/** What a configuration says of a guest. */
import { describe, expect, it } from '@jest/globals'
import { bytesOf } from '../src/disk-size.ts'
import { coresOf, hostMountsOf, isolationOf, memoryOf, tagsOf } from '../src/guest-config.ts'
import type { Guest } from '../src/guest-ref.ts'
import { differenceOf } from '../src/guest-settings.ts'

const machine: Guest = {
  node: 'pve1',
  vmid: 100,
  kind: 'qemu',
  name: 'web',
  status: 'running',
  isTemplate: false,
  lock: undefined,
  haState: undefined,
  uptimeSeconds: 5,
  told: {},
}
const container: Guest = { ...machine, vmid: 101, kind: 'lxc' }

describe('how a guest is walled in', () => {
  it.each([
    [machine, {}, 'virtual-machine', []],
    [
      machine,
      { hostpci0: '0000:01:00.0', args: '-device x', virtiofs0: 'share' },
      'virtual-machine',
      [
        'hostpci0 is passed through',
        'virtiofs0 is passed through',
        'own arguments to the emulator',
      ],
    ],
    [container, { unprivileged: 1 }, 'unprivileged-container', []],
    [
      container,
      {
        features: 'nesting=1,keyctl=0,mount=nfs',
        mp0: '/srv/data,mp=/data',
        mp1: 'local-lvm:vm-101-disk-1,mp=/x,size=1G',
        dev0: '/dev/dri/card0',
        lxc: [['lxc.mount.entry', '/x x none bind 0 0']],
      },
      'privileged-container',
      [
        'feature mount: nfs',
        'feature nesting',
        'mp0 is /srv/data',
        'dev0 is passed through',
        'raw LXC settings',
      ],
    ],
  ])('%#', (guest, config, kind, weakenedBy) => {
    expect(isolationOf(guest, config)).toEqual({ class: kind, weakenedBy })
  })
})

describe('a configuration', () => {
  it('says which mount points are folders or devices of the host', () => {
    const config = { mp0: '/mnt/x,mp=/x', mp1: 'nas:101/d.raw,mp=/y', rootfs: 'nas:101/r.raw' }
    expect(hostMountsOf(container, config)).toEqual([{ key: 'mp0', hostPath: '/mnt/x' }])
    expect(hostMountsOf(machine, config)).toEqual([])
  })

  it.each([
    [{ memory: '2048' }, 2_048],
    [{ memory: 'current=4096' }, 4_096],
    [{ memory: 512 }, 512],
    [{}, 512],
  ])('%j says the memory in MiB', (config, expected) => {
    expect(memoryOf(config)).toBe(expected)
  })

  it('counts the cores of all sockets, and knows containers without a limit', () => {
    expect(coresOf(machine, { cores: 2, sockets: '2' })).toBe(4)
    expect(coresOf(machine, {})).toBe(1)
    expect(coresOf(container, {})).toBeNull()
  })

  it('has tags however they are separated', () => {
    expect(tagsOf({ tags: 'a;b, c' })).toEqual(['a', 'b', 'c'])
    expect(tagsOf({})).toEqual([])
  })
})

describe('what has to be sent', () => {
  it('is what differs and nothing else', () => {
    const config = { name: 'web', cores: 2, tags: 'b;a', onboot: 1, description: 'x\n' }
    const wanted = {
      name: 'web',
      cores: 4,
      tags: ['a', 'b'],
      onBoot: false,
      description: 'x',
      remove: ['startup', 'description'] as const,
    }
    expect(differenceOf(machine, config, wanted)).toEqual({
      changes: [
        { setting: 'description', from: 'x', to: null },
        { setting: 'cores', from: 2, to: 4 },
        { setting: 'onBoot', from: true, to: false },
      ],
      body: { cores: 4, onboot: false, delete: 'description' },
    })
  })

  it('names a container by its host name', () => {
    expect(differenceOf(container, {}, { name: 'db' }).body).toEqual({ hostname: 'db' })
  })
})

describe('a size', () => {
  it.each([
    ['32G', 32 * 2 ** 30],
    ['512M', 512 * 2 ** 20],
    ['1.5T', 1.5 * 2 ** 40],
    ['4096', 4_096],
    ['many', undefined],
    [undefined, undefined],
  ])('%s is %s bytes', (text, bytes) => {
    expect(bytesOf(text)).toBe(bytes)
  })
})
