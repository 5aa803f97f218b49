// SPDX-License-Identifier: Apache-2.0
/** The simulated cluster answers a client that nobody here wrote: proxmoxer, as Debian packages it. */
import { beforeAll, describe, expect, it } from '@jest/globals'
import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PVE_VERSIONS, ROOT_PASSWORD } from '@sallyport/plugin-proxmox/testing'
import type { PveVersion } from '@sallyport/plugin-proxmox/testing'
import { startProxmox } from '../simulators/proxmox.ts'
import type { StartedProxmox } from '../simulators/proxmox.ts'
import { temporaryFolder } from '../support/programs.ts'

const SCENARIO = join(import.meta.dirname, 'proxmoxer-scenario.py')
/** Debian's own, for which its packages are; another one may stand before it in PATH. */
const PYTHON = '/usr/bin/python3'

type Kind = 'password' | 'token'
type Seen = Readonly<Record<string, unknown>>

const CASES = PVE_VERSIONS.flatMap((version) =>
  (['password', 'token'] as const).map((kind) => ({ version, kind })),
)

/** Runs the scenario against a cluster of its own, and returns what the client saw and what the cluster saw of it. */
async function runScenario(version: PveVersion, kind: Kind) {
  await using pve = await startProxmox({ version })
  const seen = await askPython(pve, kind)
  return { seen, guests: [...pve.simulator.world.guests.keys()], ledger: [...pve.ledger] }
}

async function askPython(pve: StartedProxmox, kind: Kind): Promise<Seen> {
  await using folder = await temporaryFolder()
  const authority = join(folder.path, 'ca.pem')
  await writeFile(authority, pve.caPem)
  const child = spawn(PYTHON, [SCENARIO, `127.0.0.1:${pve.port}`, authority, kind])
  const [account, secret] =
    kind === 'password' ? ['root@pam', ROOT_PASSWORD] : [pve.token.id, pve.token.secret]
  child.stdin.end(`${account}\n${secret}\n`)
  const [out, problems]: [Buffer[], Buffer[]] = [[], []]
  child.stdout.on('data', (part: Buffer) => out.push(part))
  child.stderr.on('data', (part: Buffer) => problems.push(part))
  const code = await new Promise((done) => child.on('close', done))
  if (code !== 0)
    throw new Error(`proxmoxer ended with ${String(code)}\n${String(Buffer.concat(problems))}`)
  return JSON.parse(String(Buffer.concat(out))) as Seen
}

const refused = (text: unknown) => expect.objectContaining({ status: 500, text })
const ended = {
  create: 'OK',
  start: 'OK',
  snapshot: 'OK',
  unsnapshot: 'OK',
  stop: 'OK',
  delete: 'OK',
}
const gone = (folder: string, vmid: number) =>
  refused(`Configuration file 'nodes/pve1/${folder}/${vmid}.conf' does not exist`)
const DESCRIPTION = 'made by a script\nin two lines: a=b & c'

/** What the lives of the guests look like to the script: of qemu a task fails, of lxc none is started. */
const LIVES = {
  qemu: {
    ...ended,
    config: { cores: 2, description: DESCRIPTION },
    running: 'running',
    startAgain: 'VM 4001 already running',
    snapshots: ['before', 'current'],
    deleteRunning: refused(expect.stringContaining('running')),
    stopped: 'stopped',
    gone: gone('qemu-server', 4001),
  },
  lxc: {
    ...ended,
    config: { cores: 2, description: `${DESCRIPTION}\n` },
    running: 'running',
    startAgain: refused('CT 4002 already running'),
    snapshots: ['before', 'current'],
    deleteRunning: refused(expect.stringContaining('running')),
    stopped: 'stopped',
    gone: gone('lxc', 4002),
  },
}

describe.each(CASES)('proxmoxer with a $kind against $version', ({ version, kind }) => {
  let run: Awaited<ReturnType<typeof runScenario>>
  beforeAll(async () => {
    run = await runScenario(version, kind)
  })

  it('sees the version and the nodes', () => {
    expect(run.seen).toMatchObject({ version, nodes: ['pve1', 'pve2', 'pve3'] })
  })

  it.each([
    ['qemu', 4001],
    ['lxc', 4002],
  ] as const)('makes, changes, starts, keeps, stops and removes a guest of %s', (type, vmid) => {
    expect(run.seen[type]).toEqual(LIVES[type])
    expect(run.guests).not.toContain(vmid)
  })

  it('follows tasks to their ends and reads their logs', () => {
    expect(run.seen).toMatchObject({
      tasks: expect.arrayContaining(['qmcreate', 'qmstart', 'vzcreate', 'vzstart']),
      log: 'TASK OK',
    })
  })

  it('learns by status and text what was refused', () => {
    expect(run.seen).toMatchObject({
      unknownParameter: { status: 400, text: 'Parameter verification failed.' },
      unknownPath: { status: 501 },
      unknownNode: { status: 500 },
      denied: kind === 'token' ? { status: 403 } : null,
      wrongPassword: 'refused',
      wrongToken: 401,
    })
  })

  it('asks for nothing that the simulator does not do', () => {
    const undone = run.ledger.filter(
      ({ status, path }) => status === 501 && !path.includes('spaceship'),
    )
    expect(undone).toEqual([])
  })
})
