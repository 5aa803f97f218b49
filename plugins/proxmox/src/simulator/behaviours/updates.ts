// SPDX-License-Identifier: GPL-3.0-or-later
/** The packages of a node and their updates. */
import { type Behaviours, type Call, dies } from '../contract.ts'
import { digestOf } from '../guests/digest.ts'
import { nodeOf } from '../quorum.ts'
import { RELEASES } from '../releases.ts'
import { startTask } from '../tasks.ts'

type Row = Record<string, unknown>

/** Updates of nodes. */
export const updateBehaviours: Behaviours = {
  'GET /nodes/{node}/apt': () =>
    ['changelog', 'repositories', 'update', 'versions'].map((id) => ({ id })),
  'GET /nodes/{node}/apt/update': (call) => nodeOf(call.world, String(call.params['node'])).updates,
  'POST /nodes/{node}/apt/update': refresh,
  'GET /nodes/{node}/apt/versions': versions,
  'GET /nodes/{node}/apt/repositories': repositories,
  'GET /nodes/{node}/apt/changelog': (call) => {
    const name = String(call.params['name'])
    const found = nodeOf(call.world, String(call.params['node'])).updates.find(
      (row) => row['Package'] === name,
    )
    if (found === undefined) throw dies(`changelog for package '${name}' not found`)
    return `${name} (${String(found['Version'])}) stable; urgency=medium\n\n  * a newer version\n`
  },
}

function refresh(call: Call): string {
  const { suite } = RELEASES[call.world.version]
  const lines = [
    'starting apt-get update',
    `Hit:1 http://deb.debian.org/debian ${suite} InRelease`,
    `Hit:2 http://download.proxmox.com/debian/pve ${suite} InRelease`,
    'Reading package lists...',
  ]
  return startTask(call.world, {
    node: String(call.params['node']),
    type: 'aptupdate',
    id: '',
    user: call.user,
    steps: [{ seconds: 3, log: lines.join('\n') }],
  })
}

function versions(call: Call): Row[] {
  const { world } = call
  const { version, kernel } = RELEASES[world.version]
  const updates = nodeOf(world, String(call.params['node'])).updates
  const installed = (name: string, current: string, more: Row = {}): Row => ({
    Package: name,
    Title: name,
    Description: `${name}.`,
    Origin: 'Proxmox',
    Section: 'admin',
    Priority: 'optional',
    Arch: 'amd64',
    CurrentState: 'Installed',
    OldVersion: current,
    Version: String(updates.find((row) => row['Package'] === name)?.['Version'] ?? current),
    ...more,
  })
  const major = world.version === '8.4' ? '8.4.0' : '9.0.0'
  return [
    installed('proxmox-ve', major, { RunningKernel: kernel }),
    installed('pve-manager', version, { ManagerVersion: version }),
    installed('qemu-server', version),
    installed('pve-container', version),
  ]
}

function repositories(call: Call): Row {
  const { suite } = RELEASES[call.world.version]
  const path = '/etc/apt/sources.list.d/proxmox.sources'
  const repository = {
    Types: ['deb'],
    URIs: ['http://download.proxmox.com/debian/pve'],
    Suites: [suite],
    Components: ['pve-no-subscription'],
    Enabled: 1,
    FileType: 'sources',
  }
  const file = {
    path,
    'file-type': 'sources',
    digest: Array.from({ length: 32 }, (_, index) => index),
    repositories: [repository],
  }
  const handles = [
    ['enterprise', 'Enterprise'],
    ['no-subscription', 'No-Subscription'],
    ['test', 'Test'],
  ] as const
  return {
    files: [file],
    errors: [],
    infos: [{ path, index: '0', kind: 'origin', message: 'Proxmox' }],
    digest: digestOf(path).padEnd(64, '0'),
    'standard-repos': handles.map(([handle, name]) =>
      handle === 'no-subscription' ? { handle, name, status: 1 } : { handle, name },
    ),
  }
}
