// SPDX-License-Identifier: GPL-3.0-or-later
/** What Proxmox VE refuses reaches people with a code, the reason and what to do next. */
import { describe, expect, it } from '@jest/globals'
import { refusedBy } from '../src/errors.ts'

const PATH = '/nodes/pve1/qemu/101/status/start'

function said(status: number, message: string, errors?: Record<string, string>) {
  const body = { data: null, message: `${message}\n`, ...(errors && { errors }) }
  return refusedBy({ method: 'POST', path: PATH, status, statusText: '', said: body })
}

describe('a refusal', () => {
  it.each([
    [401, '', 'ERR_PVE_AUTH'],
    [403, 'Permission check failed (/vms/101, VM.PowerMgmt)', 'ERR_PVE_PERMISSION'],
    [400, 'Parameter verification failed.', 'ERR_PVE_PARAMETER'],
    [
      500,
      "Configuration file 'nodes/pve1/qemu-server/101.conf' does not exist",
      'ERR_PVE_NO_GUEST',
    ],
    [500, "unable to find configuration file for CT 101 on node 'pve1'", 'ERR_PVE_NO_GUEST'],
    [500, 'VM is locked (backup)', 'ERR_PVE_LOCKED'],
    [500, 'CT is locked (snapshot-delete)', 'ERR_PVE_LOCKED'],
    [500, "can't lock file '/var/lock/qemu-server/lock-101.conf' - got timeout", 'ERR_PVE_LOCKED'],
    [500, 'cluster not ready - no quorum?', 'ERR_PVE_NO_QUORUM'],
    [
      500,
      "hostname lookup 'pve3' failed - failed to get address info for: pve3",
      'ERR_PVE_NODE_OFFLINE',
    ],
    [595, 'Connection refused', 'ERR_PVE_NODE_OFFLINE'],
    [599, 'Too many redirections', 'ERR_PVE_NODE_OFFLINE'],
    [500, 'VM 101 already running', 'ERR_PVE_REFUSED'],
    [501, "Method 'POST /nodes/pve1/x' not implemented", 'ERR_PVE_REFUSED'],
  ])('%i %s is %s', (status, message, code) => {
    expect(said(status, message)).toMatchObject({ code })
  })

  it('for want of rights says which, and where', () => {
    const { message, details } = said(
      403,
      'Permission check failed (/vms/101, VM.Config.Disk|VM.Config.CPU)',
    )
    expect(message).toContain('VM.Config.Disk or VM.Config.CPU on /vms/101')
    expect(details).toMatchObject({
      path: '/vms/101',
      privileges: ['VM.Config.Disk', 'VM.Config.CPU'],
    })
  })

  it('of parameters says which, and why', () => {
    const failure = said(400, 'Parameter verification failed.', {
      memory: 'value must have a minimum value of 16',
    })
    expect(failure.message).toContain('memory: value must have a minimum value of 16')
    expect(failure.details).toMatchObject({
      errors: { memory: 'value must have a minimum value of 16' },
    })
  })

  it('takes the reason of the status line where the body has none, as older releases do', () => {
    const failure = refusedBy({
      method: 'POST',
      path: PATH,
      status: 500,
      statusText: 'VM is locked (migrate)',
      said: { data: null },
    })
    expect(failure).toMatchObject({ code: 'ERR_PVE_LOCKED', details: { lock: 'migrate' } })
  })

  it('is one line, whatever was sent', () => {
    const { message } = said(500, `boom\n\u0007${'x'.repeat(5_000)}`)
    expect(message.length).toBeLessThan(700)
    expect(message).not.toMatch(/\p{Cc}/u)
  })
})
