// SPDX-License-Identifier: Apache-2.0
/** Where control groups for plugins are made, on a tree of plain files in the place of the kernel's. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from '@jest/globals'
import {
  findControlGroups,
  type ControlGroups,
  type FoundGroups,
  type ProcessFiles,
} from '../../../../src/plugins/sandbox/cgroup/find-groups.ts'
import { probeControlGroup } from '../../../../src/plugins/sandbox/cgroup/probe-group.ts'

const PID = 4_711
const UNIT = '/system.slice/sallyport-agent.service'

const folders: string[] = []

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

interface Tree {
  readonly root: string
  readonly unit: string
  readonly files: ProcessFiles
}

/** A hierarchy as a process in a unit of its own finds it. */
function tree(
  options: { controllers?: string; members?: string; cgroup?: string; mountinfo?: string } = {},
): Tree {
  const root = mkdtempSync(join(tmpdir(), 'sallyport-cgroup-'))
  folders.push(root)
  const unit = join(root, 'fs', UNIT)
  mkdirSync(unit, { recursive: true })
  writeFileSync(join(unit, 'cgroup.controllers'), options.controllers ?? 'cpu io memory pids\n')
  writeFileSync(join(unit, 'cgroup.subtree_control'), '')
  writeFileSync(join(unit, 'cgroup.procs'), options.members ?? `${PID}\n`)
  writeFileSync(join(root, 'cgroup'), options.cgroup ?? `1:name=systemd:/x\n0::${UNIT}\n`)
  const mount = `31 23 0:26 / ${join(root, 'fs')} rw,nosuid shared:9 - cgroup2 cgroup2 rw\n`
  writeFileSync(
    join(root, 'mountinfo'),
    `1 1 0:1 / / rw - ext4 x rw\n${options.mountinfo ?? mount}`,
  )
  const files = {
    pid: PID,
    cgroup: join(root, 'cgroup'),
    mountinfo: join(root, 'mountinfo'),
    isAlive: (pid: number) => pid === PID,
  }
  return { root, unit, files }
}

function text(...path: string[]): string {
  return readFileSync(join(...path), 'latin1').trim()
}

function groupsOf(found: FoundGroups): ControlGroups {
  if (!found.found) throw new Error(found.why)
  return found.groups
}

describe('findControlGroups', () => {
  it('moves a process that is alone in its group into a leaf, then hands the controllers down', () => {
    const { unit, files } = tree()
    const groups = groupsOf(findControlGroups(files))
    expect(groups.controllers).toEqual(['memory', 'pids', 'cpu'])
    expect(text(unit, 'agent', 'cgroup.procs')).toBe(String(PID))
    expect(text(unit, 'cgroup.subtree_control')).toBe('+memory +pids +cpu')
    expect(text(unit, `plugins-${PID}`, 'cgroup.subtree_control')).toBe('+memory +pids +cpu')
  })

  it('bounds each group by what there is, and knows groups apart', () => {
    const { unit, files } = tree({ controllers: 'pids memory' })
    const groups = groupsOf(findControlGroups(files))
    groups.make({ memoryBytes: 1_000_000 }).add(17)
    groups.make({ memoryBytes: 2_000_000 })
    const first = join(unit, `plugins-${PID}`, 'plugin-1')
    expect(text(first, 'memory.max')).toBe('1000000')
    expect(text(first, 'memory.swap.max')).toBe('0')
    expect(text(first, 'memory.oom.group')).toBe('1')
    expect(text(first, 'pids.max')).toBe('64')
    expect(text(first, 'cgroup.procs')).toBe('17')
    expect(existsSync(join(first, 'cpu.max'))).toBe(false)
    expect(text(unit, `plugins-${PID}`, 'plugin-2', 'memory.max')).toBe('2000000')
  })

  it('moves nothing where others are in the group', () => {
    const { unit, files } = tree({ members: `${PID}\n99\n` })
    groupsOf(findControlGroups(files)) // Plain files take what the kernel would refuse.
    expect(existsSync(join(unit, 'agent'))).toBe(false)
  })

  it('moves nothing where the controllers are handed down already', () => {
    const { unit, files } = tree()
    writeFileSync(join(unit, 'cgroup.subtree_control'), 'memory pids cpu')
    groupsOf(findControlGroups(files))
    expect(existsSync(join(unit, 'agent'))).toBe(false)
  })

  it('finds its place again when it has moved', () => {
    const { unit, files } = tree({ cgroup: `0::${UNIT}/agent\n` })
    mkdirSync(join(unit, 'agent'))
    groupsOf(findControlGroups(files))
    expect(existsSync(join(unit, `plugins-${PID}`))).toBe(true)
    expect(existsSync(join(unit, 'agent', `plugins-${PID}`))).toBe(false)
  })

  it('finds the place below a mount that shows a part of the hierarchy', () => {
    const { root, unit, files } = tree()
    const part = `31 23 0:26 /system.slice ${join(root, 'fs/system.slice')} rw - cgroup2 none rw\n`
    writeFileSync(files.mountinfo, part)
    groupsOf(findControlGroups(files))
    expect(existsSync(join(unit, `plugins-${PID}`))).toBe(true)
  })

  it('ends what an agent that is gone has left, and leaves alone what lives', () => {
    const { unit, files } = tree()
    const left = join(unit, 'plugins-12', 'plugin-3')
    const living = join(unit, `plugins-${PID}`, 'plugin-9')
    for (const folder of [left, living]) mkdirSync(folder, { recursive: true })
    groupsOf(findControlGroups(files))
    expect(text(left, 'cgroup.kill')).toBe('1')
    expect(existsSync(join(living, 'cgroup.kill'))).toBe(false)
  })

  it.each([
    ['there is no version 2', { cgroup: '4:memory:/x\n' }],
    ['it is not mounted', { mountinfo: '' }],
    ['the group is outside the mount', { cgroup: '0::/../x\n' }],
    ['there is neither memory nor pids', { controllers: 'cpu hugetlb' }],
    ['there are no controllers', { controllers: '' }],
  ])('says why when %s', (_, options) => {
    expect(findControlGroups(tree(options).files)).toEqual({
      found: false,
      why: expect.stringMatching(/control group/),
    })
  })

  it('says why when it may not write there', () => {
    const { unit, files } = tree()
    rmSync(join(unit, 'cgroup.subtree_control'))
    mkdirSync(join(unit, 'cgroup.subtree_control'))
    expect(findControlGroups(files)).toEqual({
      found: false,
      why: expect.stringContaining('may not make control groups'),
    })
  })
})

describe('probeControlGroup', () => {
  it('tells a host without groups from one where they do not hold', async () => {
    const absent = await probeControlGroup({ found: false, why: 'none here' })
    expect(absent).toEqual({ state: 'absent', detail: 'none here' })
    const { files } = tree() // Plain files end nothing.
    expect(await probeControlGroup(findControlGroups(files))).toEqual({
      state: 'fallen',
      detail: 'its processes live 2000 ms after it was ended',
    })
  })
})

describe('a control group', () => {
  it('is ended at once, and says whether the kernel has ended it for want of memory', () => {
    const { unit, files } = tree()
    const group = groupsOf(findControlGroups(files)).make({ memoryBytes: 1_000_000 })
    const folder = join(unit, `plugins-${PID}`, 'plugin-1')
    expect(group.hasRunOutOfMemory()).toBe(false)
    writeFileSync(join(folder, 'memory.events'), 'low 0\nmax 3\noom 0\noom_kill 0\n')
    expect(group.hasRunOutOfMemory()).toBe(false)
    writeFileSync(join(folder, 'memory.events'), 'low 0\nmax 3\noom 1\noom_kill 2\n')
    expect(group.hasRunOutOfMemory()).toBe(true)
    group.kill()
    expect(text(folder, 'cgroup.kill')).toBe('1')
  })

  it('that cannot be made is no reason to run a plugin without', () => {
    const { unit, files } = tree()
    const groups = groupsOf(findControlGroups(files))
    mkdirSync(join(unit, `plugins-${PID}`, 'plugin-1'))
    expect(() => groups.make({ memoryBytes: 1 })).toThrowCode('ERR_SANDBOX_UNAVAILABLE')
  })

  it('is removed when it is empty, and the place after it', async () => {
    const { unit, files } = tree()
    const groups = groupsOf(findControlGroups(files))
    const group = groups.make({ memoryBytes: 1 })
    const folder = join(unit, `plugins-${PID}`, 'plugin-1')
    const removed = group.remove()
    for (const file of [
      'memory.max',
      'memory.swap.max',
      'memory.oom.group',
      'pids.max',
      'cpu.max',
    ]) {
      rmSync(join(folder, file)) // The kernel's files go with their folder.
    }
    await removed
    expect(existsSync(folder)).toBe(false)
    rmSync(join(unit, `plugins-${PID}`, 'cgroup.subtree_control'))
    groups.close()
    expect(existsSync(join(unit, `plugins-${PID}`))).toBe(false)
  })
})
