// SPDX-License-Identifier: Apache-2.0
/** What the contract says of permissions that compile and are wrong. */
import { describe, expect, it } from '@jest/globals'
import { ask, connect, files, secret, ssh, type Permission } from '../../src/index.ts'
import { permissionFaults } from '../../src/testing/permission-faults.ts'

describe('the contract of permissions', () => {
  it.each([
    [files.write(['@exports/*.json', '/srv/out/**'])],
    [files.read('@exports/**')],
    [ask(['proxmox/guest.snapshot.list'])],
    [connect('mqtt')],
    [ssh('nas')],
    [secret('smtpPassword')],
  ])('finds nothing wrong with %j', (permission) => {
    expect(permissionFaults(permission, 1_000)).toEqual([])
  })

  it.each<[Permission, RegExp]>([
    [files.write([]), /names no path/],
    [files.write(['/**']), /whole file system/],
    [files.write(['@exports']), /absolute/],
    [files.write(['@exports/../x']), /absolute/],
    [files.write(['@Exports/x']), /absolute/],
    [files.write(['@exports/a**']), /whole segments only/],
    [files.write(['@exports/a'], { maxBytes: 0 }), /maxBytes/],
    [ask([]), /names no job type/],
    [ask(['proxmox']), /plugin\/noun\.verb/],
    [ask(['proxmox/*']), /plugin\/noun\.verb/],
    [connect(''), /the binding ""/],
    [ssh('10.0.0.1:22'), /the binding/],
    [secret('../other'), /the binding/],
  ])('finds fault with %j', (permission, fault) => {
    expect(permissionFaults(permission, 1_000).join()).toMatch(fault)
  })
})
