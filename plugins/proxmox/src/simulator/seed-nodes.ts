// SPDX-License-Identifier: GPL-3.0-or-later
/** The nodes of a seeded cluster. */
import type { SimNode, World } from './world.ts'

const GIB = 2 ** 30
const DAY_MS = 86_400_000
const MODELS = [
  { model: 'Intel(R) Core(TM) i5-12500T CPU @ 2.00GHz', cpus: 12, memory: 32 },
  { model: 'AMD Ryzen 7 5800U with Radeon Graphics', cpus: 16, memory: 64 },
  { model: 'Intel(R) N100', cpus: 4, memory: 16 },
  { model: 'AMD EPYC 7313P 16-Core Processor', cpus: 32, memory: 256 },
] as const

/** Makes node number `id`, named `pve{id}`. */
export function seedNode(world: World, id: number, isOffline: boolean): SimNode {
  const hardware =
    MODELS[(id - 1) % 2 === 0 ? 1 : Math.floor(world.random() * MODELS.length)] ?? MODELS[0]
  const mac = macOf(id)
  return {
    name: `pve${id}`,
    id,
    ip: `10.${20 + (id >> 16)}.${(id >> 8) & 255}.${id & 255}`,
    mac,
    state: isOffline ? 'offline' : 'online',
    onlineAtMs: 0,
    bootedAtMs: world.now() - Math.round((1 + world.random() * 60) * DAY_MS),
    cpuCount: hardware.cpus,
    cpuModel: hardware.model,
    baseLoad: 0.005 + world.random() * 0.02,
    memoryBytes: hardware.memory * GIB,
    rootBytes: 94 * GIB,
    rootUsedBytes: Math.round((6 + world.random() * 20) * GIB),
    config: { description: `Rack ${1 + (id >> 5)}`, wakeonlan: mac },
    files: {
      timezone: 'Etc/UTC',
      search: 'lab.example',
      dns1: '10.20.255.1',
      hosts: `127.0.0.1 localhost\n10.${20 + (id >> 16)}.${(id >> 8) & 255}.${id & 255} pve${id}.lab.example pve${id}\n`,
    },
    updates: id % 2 === 1 ? updatesOf(world) : [],
  }
}

/** A locally administered address, from the node's number. */
function macOf(id: number): string {
  const parts = [0x02, 0x53, 0x50, id >> 16, (id >> 8) & 255, id & 255]
  return parts.map((part) => part.toString(16).toUpperCase().padStart(2, '0')).join(':')
}

function updatesOf(world: World): Record<string, unknown>[] {
  const [old, next] = world.version === '8.4' ? ['8.4.14', '8.4.18'] : ['9.1.9', '9.1.10']
  const manager = {
    Package: 'pve-manager',
    Origin: 'Proxmox',
    Title: 'Proxmox Virtual Environment Management Tools',
    OldVersion: old,
    Version: next,
  }
  const openssl = {
    Package: 'openssl',
    Origin: 'Debian-Security',
    Title: 'Secure Sockets Layer toolkit - cryptographic utility',
    OldVersion: '3.0.17-1',
    Version: '3.0.17-2',
  }
  return [manager, openssl].map((update) => ({
    ...update,
    Description: `${update.Title}.`,
    Priority: 'optional',
    Section: 'admin',
    Arch: 'amd64',
  }))
}
