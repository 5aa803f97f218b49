// SPDX-License-Identifier: Apache-2.0
/** The node's own command is run with exact arguments, without a shell, and its failures are told. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onNode } from '../../src/proxmox/on-node.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sallyport-pvesh-'))
})

afterAll(() => rm(folder, { recursive: true, force: true }))

/** A program in place of pvesh. */
async function program(text: string): Promise<string> {
  const path = join(folder, `pvesh-${Math.random()}`)
  await writeFile(path, `#!${process.execPath}\n${text}\n`)
  await chmod(path, 0o755)
  return path
}

const ECHO = 'console.log(JSON.stringify(process.argv.slice(2)))'

describe('the command of a node', () => {
  it.each([
    ['GET', 'get'],
    ['POST', 'create'],
    ['PUT', 'set'],
    ['DELETE', 'delete'],
  ] as const)('is asked by %s as %s', async (method, verb) => {
    const pve = onNode(await program(ECHO))
    const params = { privsep: true, comment: '$(touch /tmp/x); "a" b', propagate: 1 }
    expect(await pve.call(method, '/access/roles', params)).toEqual([
      verb,
      '/access/roles',
      '--privsep',
      '1',
      '--comment',
      '$(touch /tmp/x); "a" b',
      '--propagate',
      '1',
      '--output-format',
      'json',
    ])
  })

  it('may print nothing', async () => {
    expect(await onNode(await program('')).call('PUT', '/access/acl')).toBeNull()
  })

  it('that fails is told with its last line, and one that is not there as such', async () => {
    const failing = await program('console.error("first\\nno such role"); process.exit(2)')
    await expect(onNode(failing).call('GET', '/x')).rejects.toMatchObject({
      code: 'ERR_PVE_LOCAL',
      details: { why: 'no such role' },
    })
    await expect(onNode(join(folder, 'missing')).call('GET', '/x')).rejects.toMatchObject({
      code: 'ERR_PVE_LOCAL',
      details: { why: 'it is not there' },
    })
  })
})
