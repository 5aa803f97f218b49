// SPDX-License-Identifier: GPL-3.0-or-later
/** The guest agent inside virtual machines. */
import { type Behaviours, dies } from '../contract.ts'
import { digestOf } from '../guests/digest.ts'
import { forGuests, type GuestBehaviour, type GuestCall, nameOf } from '../guests/guest.ts'
import { disksOf } from '../guests/disks.ts'
import { addressesOf } from '../guests/interfaces.ts'
import { listOf, numberOf, textOf } from '../guests/params.ts'
import { stopped } from '../guests/power.ts'
import { labelsOf, usageOf, wantsAgent } from '../guests/status.ts'

const GET_COMMANDS = [
  'exec-status',
  'file-read',
  'get-fsinfo',
  'get-host-name',
  'get-memory-block-info',
  'get-memory-blocks',
  'get-osinfo',
  'get-time',
  'get-timezone',
  'get-users',
  'get-vcpus',
  'info',
  'network-get-interfaces',
]
const POST_COMMANDS = [
  'exec',
  'file-write',
  'fsfreeze-freeze',
  'fsfreeze-status',
  'fsfreeze-thaw',
  'fstrim',
  'ping',
  'set-user-password',
  'shutdown',
  'suspend-disk',
  'suspend-hybrid',
  'suspend-ram',
]

/** What has been frozen, by guest. Why: a guest that is stopped forgets it, so it is kept beside its start. */
const frozen = new WeakMap<object, number>()

const RESULTS: Readonly<Record<string, GuestBehaviour>> = {
  ping: () => ({}),
  info: () => ({
    version: '9.2.4',
    supported_commands: [...GET_COMMANDS, ...POST_COMMANDS].map((name) => ({
      name: `guest-${name}`,
      enabled: true,
      'success-response': true,
    })),
  }),
  'get-host-name': ({ guest }) => ({ 'host-name': labelsOf(guest).name }),
  'get-time': ({ world }) => world.now() * 1_000_000,
  'get-timezone': () => ({ zone: 'UTC', offset: 0 }),
  'get-users': () => [],
  'get-vcpus': ({ world, guest }) =>
    Array.from({ length: usageOf(world, guest).cpus }, (_, id) => ({
      'logical-id': id,
      online: true,
      'can-offline': id > 0,
    })),
  'get-memory-blocks': () => [],
  'get-memory-block-info': () => ({ size: 134_217_728 }),
  'get-osinfo': () => ({
    id: 'debian',
    name: 'Debian GNU/Linux',
    'pretty-name': 'Debian GNU/Linux 13 (trixie)',
    version: '13 (trixie)',
    'version-id': '13',
    machine: 'x86_64',
    'kernel-release': '6.12.43+deb13-amd64',
    'kernel-version': '#1 SMP PREEMPT_DYNAMIC Debian',
  }),
  'get-fsinfo': fileSystems,
  'network-get-interfaces': ({ guest }) => addressesOf(guest),
  'fsfreeze-freeze': (at) => freeze(at),
  'fsfreeze-thaw': (at) => thaw(at),
  'fsfreeze-status': ({ guest }) => (frozen.get(guest) === guest.startedAtMs ? 'frozen' : 'thawed'),
  fstrim: () => ({ paths: [{ path: '/', trimmed: 1_048_576, minimum: 0 }] }),
  shutdown: ({ world, guest }) => {
    if (guest.obeysShutdown) stopped(world, guest)
    return {}
  },
  'suspend-disk': () => ({}),
  'suspend-hybrid': () => ({}),
  'suspend-ram': () => ({}),
  'set-user-password': () => ({}),
}

/** The guest agent. */
export const guestAgentBehaviours: Behaviours = forGuests(
  {
    'GET /agent': () => [...GET_COMMANDS, ...POST_COMMANDS].map((name) => ({ name })),
    'POST /agent': (at) => resultOf(at, textOf(at.call, 'command') ?? ''),
    ...Object.fromEntries(
      Object.keys(RESULTS).map((name) => {
        const method = GET_COMMANDS.includes(name) ? 'GET' : 'POST'
        return [`${method} /agent/${name}`, (at: GuestCall) => resultOf(at, name)] as const
      }),
    ),
    'POST /agent/exec': execute,
    'GET /agent/exec-status': executed,
    'GET /agent/file-read': readFile,
    'POST /agent/file-write': writeFile,
  },
  ['qemu'],
)

function resultOf(at: GuestCall, name: string): { result: unknown } {
  needAgent(at)
  const result = RESULTS[name]
  if (result === undefined) throw dies(`unknown guest agent command '${name}'`)
  return { result: result(at) }
}

/** Throws when no agent answers: none is configured, the machine does not run, or nothing listens in it. */
function needAgent({ guest }: GuestCall): void {
  if (!wantsAgent(guest)) throw dies('No QEMU guest agent configured')
  if (guest.status !== 'running') throw dies(`${nameOf(guest)} is not running`)
  if (!guest.hasAgent || guest.qmpStatus === 'paused') throw dies('QEMU guest agent is not running')
}

function execute(at: GuestCall): { pid: number } {
  needAgent(at)
  const command = listOf(at.call, 'command').join(' ')
  return { pid: 1000 + (Number.parseInt(digestOf(command).slice(0, 8), 16) % 30_000) }
}

function executed(at: GuestCall): unknown {
  needAgent(at)
  const pid = numberOf(at.call, 'pid') ?? 0
  if (pid < 1000) throw dies(`Agent error: PID ${pid} does not exist`)
  return { exited: 1, exitcode: 0, 'out-data': '' }
}

function readFile(at: GuestCall): unknown {
  needAgent(at)
  const file = textOf(at.call, 'file') ?? ''
  if (file === '/etc/hostname') return { content: `${labelsOf(at.guest).name}\n` }
  throw dies(`Agent error: failed to open file '${file}' (mode: 'r'): No such file or directory`)
}

function writeFile(at: GuestCall): null {
  needAgent(at)
  return null
}

function freeze({ guest }: GuestCall): number {
  frozen.set(guest, guest.startedAtMs)
  return diskCount(guest)
}

function thaw({ guest }: GuestCall): number {
  const wasFrozen = frozen.delete(guest)
  return wasFrozen ? diskCount(guest) : 0
}

function fileSystems({ guest }: GuestCall): unknown {
  return disksOf('qemu', guest.config)
    .filter((disk) => disk.kind === 'volume')
    .map((disk, at) => ({
      name: `sd${String.fromCharCode(97 + at)}1`,
      mountpoint: at === 0 ? '/' : `/mnt/${disk.key}`,
      type: 'ext4',
      'total-bytes': disk.sizeBytes,
      'used-bytes': Math.round(disk.sizeBytes * 0.3),
      disk: [
        {
          'bus-type': 'scsi',
          bus: 0,
          target: 0,
          unit: at,
          dev: `/dev/sd${String.fromCharCode(97 + at)}`,
        },
      ],
    }))
}

function diskCount(guest: GuestCall['guest']): number {
  return disksOf('qemu', guest.config).filter((disk) => disk.kind === 'volume').length
}
