// SPDX-License-Identifier: Apache-2.0
/** What is shipped for the machines that run hub and agent: units that systemd takes and finds narrow, scripts, flags that exist. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'

const ROOT = resolve(import.meta.dirname, '../../..')
const FILES = join(ROOT, 'packaging')
const INSTALLED = '/opt/sallyport/'

/**
 * The most that `systemd-analyze security` may say. Why the agent may have more: the walls around plugins take namespaces,
 * mounts and a /proc of their own, which is what most of these points are for.
 */
const EXPOSURES = { 'sallyport-hub': 1.5, 'sallyport-agent': 3 } as const

describe.each(Object.entries(EXPOSURES))('the unit %s', (name, most) => {
  let folder: string
  let unit: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sallyport-units-'))
    unit = join(folder, `${name}.service`)
    const shipped = await readFile(join(FILES, 'systemd', `${name}.service`), 'utf8')
    expect(shipped).toContain(`ExecStart=${INSTALLED}cli/bin/sallyport `)
    await writeFile(unit, shipped.replaceAll(`=${INSTALLED}`, `=${ROOT}/`))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('is one that systemd takes, without a word', () => {
    const { status, stdout, stderr } = analyze('verify', unit)
    expect({ status, said: stdout + stderr }).toEqual({ status: 0, said: '' })
  })

  it(`is exposed to ${most} at most`, () => {
    const { stdout } = analyze('security', '--offline=true', '--no-pager', unit)
    const [, exposure] = /Overall exposure level for \S+: ([0-9.]+)/.exec(stdout) ?? []
    expect(Number(exposure)).toBeGreaterThan(0)
    expect(Number(exposure)).toBeLessThanOrEqual(most)
  })
})

describe('the unit of the agent', () => {
  it('takes nothing away that the walls around plugins need', async () => {
    const text = await readFile(join(FILES, 'systemd', 'sallyport-agent.service'), 'utf8')
    const settings = text.split('\n').filter((line) => !line.startsWith('#'))
    const taken = ['ProtectKernelTunables', 'ProtectKernelLogs', 'ProcSubset', 'ProtectHostname']
    for (const name of [...taken, 'RestrictSUIDSGID', 'ProtectControlGroups']) {
      expect(settings.filter((line) => line.startsWith(`${name}=`))).toEqual([])
    }
    expect(settings).toContain('RestrictNamespaces=user pid net ipc uts mnt cgroup')
    expect(settings).toContain('Delegate=yes')
    expect(settings.join(' ')).toMatch(/RestrictAddressFamilies=[^=]*AF_NETLINK/)
  })

  it('allows every system call that building the walls takes, and no other that mounts', async () => {
    const text = await readFile(join(FILES, 'systemd', 'sallyport-agent.service'), 'utf8')
    const allowed = callsOf(/^SystemCallFilter=([^~].*)$/m.exec(text)?.[1] ?? '')
    const denied = callsOf(/^SystemCallFilter=~(.*)$/m.exec(text)?.[1] ?? '')
    const needed = ['mount', 'umount2', 'pivot_root', 'capset', 'sethostname', 'unshare', 'clone']
    for (const call of [...needed, 'prctl', 'execve', 'io_uring_setup', 'mprotect']) {
      expect({ call, isAllowed: allowed.has(call) && !denied.has(call) }).toEqual({
        call,
        isAllowed: true,
      })
    }
    const others = ['fsopen', 'fsconfig', 'open_tree', 'move_mount', 'chroot', 'keyctl', 'bpf']
    for (const call of others) {
      expect({ call, isAllowed: allowed.has(call) && !denied.has(call) }).toEqual({
        call,
        isAllowed: false,
      })
    }
  })
})

describe('the OpenRC script of the hub', () => {
  it('is one that the shell can read', () => {
    // It is read, and nothing of it is run.
    const script = join(FILES, 'openrc', 'sallyport-hub')
    const { status, stderr } = spawnSync('env', ['dash', '-n', script])
    expect({ status, said: stderr.toString() }).toEqual({ status: 0, said: '' })
  })

  it('says nothing that OpenRC 0.45 and a plain shell do not take', async () => {
    const text = await readFile(join(FILES, 'openrc', 'sallyport-hub'), 'utf8')
    expect(text).not.toMatch(/^no_new_privs=/m)
    expect(text).toMatch(/^supervise_daemon_args="--no-new-privs"$/m)
    expect(text).toMatch(/^rc_ulimit="-\w \d+"$/m)
  })
})

describe('every shipped file', () => {
  it('starts programs with flags that they have', async () => {
    const files = [
      'systemd/sallyport-hub.service',
      'systemd/sallyport-agent.service',
      'openrc/sallyport-hub',
      'container/Containerfile',
      'proxy/nginx.conf',
      'proxy/haproxy.cfg',
    ]
    const { hubStartFlags } = await import('../../src/hub-start-flags.ts')
    const { AgentStart } = await import('../../src/commands/agent/start.ts')
    const known = Object.keys({ ...hubStartFlags, ...AgentStart.flags }).map((flag) => `--${flag}`)
    for (const file of files) {
      const text = await readFile(join(FILES, file), 'utf8')
      const lines = text
        .split('\n')
        .filter((line) => /\b(hub|agent)"?,? "?start\b|\b(command|hub)_args=/.test(line))
      expect({ file, count: lines.length }).not.toEqual({ file, count: 0 })
      for (const flag of lines.join(' ').match(/--[a-z][a-z-]+/g) ?? []) {
        expect({ file, flag, isKnown: known.includes(flag) }).toEqual({ file, flag, isKnown: true })
      }
    }
  })
})

function analyze(...args: readonly string[]): {
  status: number | null
  stdout: string
  stderr: string
} {
  return spawnSync('systemd-analyze', args, { encoding: 'utf8' })
}

/** System calls behind the words of a filter. */
function callsOf(words: string): Set<string> {
  const calls = new Set<string>()
  const waiting = words.trim().split(/\s+/)
  for (let word = waiting.pop(); word !== undefined; word = waiting.pop()) {
    if (!word.startsWith('@')) calls.add(word)
    else waiting.push(...membersOf(word))
  }
  return calls
}

function membersOf(group: string): string[] {
  const args = ['syscall-filter', '--no-pager', group]
  const text = execFileSync('systemd-analyze', args, { encoding: 'utf8' })
  const lines = text
    .split('\n')
    .slice(1)
    .map((line) => line.trim())
  return lines.filter((line) => line !== '' && !line.startsWith('#'))
}
