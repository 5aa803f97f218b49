// SPDX-License-Identifier: Apache-2.0
/** Parameters of a job, typed and strict. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JobManifest } from '@sallyport/sdk'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { readInput } from '../../src/operator/params.ts'

const JOB: JobManifest = {
  summary: 's',
  effect: 'read',
  input: {
    type: 'object',
    additionalProperties: false,
    required: ['vmid'],
    properties: {
      vmid: { type: 'integer' },
      share: { type: 'number' },
      force: { type: 'boolean' },
      name: { type: 'string' },
      mode: { enum: ['fast', 'safe'] },
      maybe: { type: ['string', 'null'] },
      tags: { type: 'array', items: { type: 'string' } },
    },
  },
  output: {},
  resources: {},
  permissions: {},
  limits: { perMinute: 1, timeoutMs: 1, maxOutputBytes: 1 },
  policyInputs: [],
  hasPlan: false,
  hasResume: false,
  hasVerify: false,
}

let folder: string
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'sallyport-params-'))))
afterAll(() => rm(folder, { recursive: true }))

const read = (params: string[], job: JobManifest | undefined = JOB, file?: string) =>
  readInput({ params, file, jobType: 'p/job', job })

describe('parameters', () => {
  it('are typed by the schema of the approved manifest', async () => {
    const params = [
      'vmid=101',
      'share=0.5',
      'force=true',
      'name=101',
      'mode=safe',
      'maybe=null',
      'tags=["a"]',
    ]
    expect(await read(params)).toEqual({
      vmid: 101,
      share: 0.5,
      force: true,
      name: '101',
      mode: 'safe',
      maybe: null,
      tags: ['a'],
    })
  })

  it('stay text where no manifest is known', async () => {
    expect(await readInput({ params: ['vmid=101'], jobType: 'p/job', job: undefined })).toEqual({
      vmid: '101',
    })
  })

  it('keep everything after the first equals sign', async () => {
    expect(await read(['vmid=1', 'name=a=b='])).toMatchObject({ name: 'a=b=' })
  })

  it.each([
    [['vmid=1e2'], 'number'],
    [['vmid=0x64'], 'number'],
    [['vmid= 101'], 'number'],
    [['vmid=0101'], 'number'],
    [['vmid=１０１'], 'number'],
    [['vmid=1', 'force=yes'], 'true or false'],
    [['vmid=1', 'mode=quick'], 'fast, safe'],
    [['vmid=1', 'tags=a,b'], 'JSON'],
    [['vmid=1', 'vmid=2'], 'twice'],
    [['vmid=1', 'nmae=x'], 'nmae'],
    [['name=x'], 'vmid is missing'],
    [['=x'], 'name=value'],
    [['vmid'], 'name=value'],
  ])('%j are refused before anything is signed', async (params, says) => {
    await expect(read(params)).rejects.toThrowCode('ERR_PARAM')
    await expect(read(params)).rejects.toMatchObject({
      exit: 2,
      message: expect.stringContaining(says),
    })
  })

  it('may come from a file, strictly read, and be completed', async () => {
    const file = join(folder, 'params.json')
    await writeFile(file, '{"vmid": 7}')
    expect(await read(['name=x'], JOB, file)).toEqual({ vmid: 7, name: 'x' })
    await writeFile(file, '{"vmid": 7, "vmid": 8}')
    await expect(read([], JOB, file)).rejects.toThrowCode('ERR_PARAM')
    await writeFile(file, '[1]')
    await expect(read([], JOB, file)).rejects.toThrowCode('ERR_PARAM')
  })

  it('named like members of every object are parameters like others', async () => {
    await expect(read(['vmid=1', 'constructor=x'])).rejects.toThrowCode('ERR_PARAM')
    await expect(read(['vmid=1', '__proto__=x'])).rejects.toThrowCode('ERR_PARAM')
  })
})
