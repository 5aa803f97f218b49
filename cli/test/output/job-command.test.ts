// SPDX-License-Identifier: Apache-2.0
/** Jobs as they are typed. */
import { execFileSync } from 'node:child_process'
import { expect, it } from '@jest/globals'
import { jobCommand } from '../../src/output/job-command.ts'

const job = { jobType: 'proxmox/guest.delete', agent: 'pve1' }

it('a job is one line that can be typed', () => {
  expect(jobCommand('run', { ...job, input: { node: 'pve1', vmid: 102, purge: true } })).toBe(
    'sallyport job run proxmox/guest.delete --agent pve1 --param node=pve1 --param vmid=102 --param purge=true',
  )
})

it('every parameter comes out of the quotes as it was, whatever is in it', () => {
  const input = { a: `it's $(id) "x"; rm -rf ~ #`, list: [1, { b: 'c d' }], none: null }
  const line = jobCommand('plan', { ...job, agent: 'pve 1', input })
  // It reads single quotes and backslashes as a shell does.
  const words = execFileSync('/usr/bin/xargs', ['/usr/bin/printf', '%s\\0'], { input: line })
  expect(words.toString().split('\0').slice(0, -1)).toEqual([
    ...['sallyport', 'job', 'plan', 'proxmox/guest.delete', '--agent', 'pve 1'],
    ...['--param', `a=${input.a}`, '--param', 'list=[1,{"b":"c d"}]', '--param', 'none=null'],
  ])
})
