// SPDX-License-Identifier: Apache-2.0
/** Which programs run for a plugin, how, and for how long. */
import { readFileSync } from 'node:fs'
import { chmod, chown, mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ArgumentShape, Permission, ProgramResult } from '@sallyport/sdk'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { exec } from '../../../src/plugins/broker/exec.ts'
import { findTrustedProgram } from '../../../src/plugins/trusted-program.ts'
import { patient } from '../../../../test/support/patience.ts'
import { temporaryFolder, type TemporaryFolder } from '../support.ts'
import { settingOf } from './setting.ts'

const SETTING = settingOf()

async function run(
  program: string,
  shape: readonly ArgumentShape[],
  args: unknown = shape,
  options: Partial<Permission<'exec'>> & { signal?: AbortSignal } = {},
): Promise<ProgramResult> {
  const { signal = new AbortController().signal, ...limits } = options
  const permission: Permission<'exec'> = {
    kind: 'exec',
    program,
    args: shape,
    timeoutMs: 5_000,
    maxOutputBytes: 65_536,
    ...limits,
  }
  const { value } = await exec.open(permission, SETTING)['run']!([args], signal)
  return value as ProgramResult
}

describe('an approved program', () => {
  it('runs with the approved arguments and gives what it printed', async () => {
    expect(await run('/usr/bin/printf', ['%s', { pattern: '[a-z]+' }], ['%s', 'abc'])).toEqual({
      exitCode: 0,
      signal: null,
      stdout: 'abc',
      stderr: '',
    })
  })

  it('gives exit code and standard error of a failure', async () => {
    const result = await run('/bin/ls', ['/none'])
    expect(result).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('/none') })
  })

  it('finds an empty environment, no input and no shell', async () => {
    process.env['SALLYPORT_CANARY'] = 'canary'
    expect((await run('/usr/bin/env', [])).stdout.trim().split('\n').sort()).toEqual([
      'LC_ALL=C',
      'PATH=/usr/sbin:/usr/bin:/sbin:/bin',
    ])
    expect((await run('/bin/cat', [])).stdout).toBe('')
    expect((await run('/bin/echo', ['$(id)', '; id', '`id`', '*'])).stdout).toBe(
      '$(id) ; id `id` *\n',
    )
  })

  it('finds none of the descriptors of the agent', async () => {
    const { stdout } = await run('/bin/ls', ['-l', '/proc/self/fd'])
    const targets = stdout.split('\n').map((line) => line.split(' -> ')[1] ?? '')
    const own = targets.filter(
      (target) => target !== '' && !/^(\/dev\/null|\/proc\/|pipe:|socket:)/.test(target),
    )
    expect(own).toEqual([])
  })
})

describe('the approved arguments', () => {
  it.each([
    ['fewer', ['-c']],
    ['more', ['-c', '12', 'x']],
    ['another text', ['-C', '12']],
    ['half of a pattern', ['-c', '12x']],
    ['a second line', ['-c', '12\n13']],
    ['a text for a list', '-c'],
    ['a number', ['-c', 12]],
    ['a NUL', ['-c', '1\0']],
  ])('do not cover %s', async (_, args) => {
    const denied = run('/bin/echo', ['-c', { pattern: '[0-9]+' }], args)
    await expect(denied).rejects.toThrowCode(
      Array.isArray(args) && args.every((arg) => typeof arg === 'string' && !arg.includes('\0'))
        ? 'ERR_HANDLE_DENIED'
        : 'ERR_ARGUMENT_FORM',
    )
  })

  it('are matched within a time, whatever the pattern', async () => {
    const started = performance.now()
    const evil = run('/bin/echo', [{ pattern: '(a+)+' }], [`${'a'.repeat(60)}b`])
    await expect(evil).rejects.toThrowCode('ERR_LIMIT')
    expect(performance.now() - started).toBeLessThan(patient(2_000))
  })
})

describe('the bounds of a program', () => {
  it('end it, with its children, when it takes too long', async () => {
    const script = 'sleep 61 & sleep 62'
    await expect(run('/bin/sh', ['-c', script], undefined, { timeoutMs: 300 })).rejects.toThrowCode(
      'ERR_LIMIT',
    )
    while (programsRunning('sleep\u00006[12]\u0000').length > 0) await sleep(20)
  })

  it('end what it leaves behind', async () => {
    await run('/bin/sh', ['-c', 'sleep 63 & echo done'])
    while (programsRunning('sleep\u000063\u0000').length > 0) await sleep(20)
  })

  it('end it when it prints too much', async () => {
    await expect(run('/usr/bin/yes', [])).rejects.toThrowCode('ERR_LIMIT')
  })

  it('end it when the run is over', async () => {
    const over = new AbortController()
    const running = run('/bin/sleep', ['64'], undefined, { signal: over.signal })
    setTimeout(() => over.abort(Object.assign(new Error('over'), { code: 'ERR_RUN_OVER' })), 100)
    await expect(running).rejects.toThrowCode('ERR_RUN_OVER')
    while (programsRunning('sleep\u000064\u0000').length > 0) await sleep(20)
  })
})

describe('a program that others could have put there', () => {
  let folder: TemporaryFolder

  beforeEach(async () => {
    folder = await temporaryFolder()
  })

  afterEach(() => folder[Symbol.asyncDispose]())

  it('is not started', async () => {
    const path = join(folder.path, 'program')
    await writeFile(path, '#!/bin/sh\n', { mode: 0o755 })
    await expect(run(path, [])).rejects.toThrowCode('ERR_HANDLE_DENIED')
  })

  it('is told apart by owner, mode and folders', async () => {
    // Below /opt, where root owns every folder.
    if (process.getuid!() !== 0) return
    const base = `/opt/sallyport-test-${process.pid}`
    await mkdir(base, { mode: 0o755 })
    try {
      const path = join(base, 'program')
      await writeFile(path, '#!/bin/sh\n')
      await chmod(path, 0o644)
      expect(await findTrustedProgram(path)).toMatchObject({ why: `${path} is not executable` })
      await chmod(path, 0o755)
      expect(await findTrustedProgram(path)).toEqual({ trusted: true, path })
      await chmod(path, 0o775)
      expect(await findTrustedProgram(path)).toMatchObject({
        why: `others than root can write to ${path}`,
      })
      await chmod(path, 0o755)
      await chmod(base, 0o757)
      expect(await findTrustedProgram(path)).toMatchObject({
        why: `others than root can write to ${base}`,
      })
      await chmod(base, 0o755)
      await chown(path, 65_534, 65_534)
      expect(await findTrustedProgram(path)).toMatchObject({
        why: `${path} does not belong to root`,
      })
    } finally {
      await rm(base, { recursive: true })
    }
  })

  it('is found through a link', async () => {
    const path = join(folder.path, 'link')
    await symlink('/bin/echo', path)
    expect(await findTrustedProgram(path)).toMatchObject({ trusted: true })
  })

  it('is missed when there is none', async () => {
    await expect(run('/usr/bin/none-such', [])).rejects.toThrowCode('ERR_PROGRAM_NOT_FOUND')
  })
})

/** Arguments of running processes that match a pattern. */
function programsRunning(pattern: string): string[] {
  const found: string[] = []
  for (let pid = process.pid; pid < process.pid + 20_000; pid += 1) {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, 'latin1')
      if (new RegExp(pattern).test(line)) found.push(line)
    } catch {
      // No such process.
    }
  }
  return found
}
