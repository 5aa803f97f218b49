// SPDX-License-Identifier: Apache-2.0
/** The watch on a simulator sees what the vendor's schema does not allow, and nothing else. */
import { describe, expect, it } from '@jest/globals'
import type { Exchange } from '@sallyport/plugin-proxmox/testing'
import { describeOracle, oracle } from '../../support/oracle.ts'
import { faultsOf, watchSchema } from '../schema-watch.ts'

function exchange(changes: Partial<Exchange> & Pick<Exchange, 'path'>): Exchange {
  return {
    atMs: 0,
    method: 'GET',
    operation: '',
    sent: {},
    params: {},
    user: 'root@pam',
    status: 200,
    hasEffect: false,
    data: null,
    errors: undefined,
    ...changes,
  }
}

const STATUS = '/nodes/pve1/qemu/101/status/current'
const CONFIG = '/nodes/pve1/qemu/101/config'
const running = { status: 'running', vmid: 101, ha: { managed: 0 } }

describeOracle('a watch', oracle('pve/pve-api-9.2.json'), () => {
  it('finds nothing wrong with an exchange as the vendor has it', () => {
    expect(faultsOf(exchange({ path: STATUS, data: running }), '9.2')).toEqual([])
    const sent = { net0: 'virtio=BC:24:11:00:00:01,bridge=vmbr0,firewall=on', cores: '2' }
    expect(faultsOf(exchange({ path: CONFIG, method: 'PUT', sent }), '9.2')).toEqual([])
  })

  it.each([
    ['a path that is not there', { path: '/nodes/pve1/nothing' }, 'no such operation'],
    ['a method that is not there', { path: STATUS, method: 'PUT' }, 'no such operation'],
    ['an operation that is not served', { path: STATUS, status: 501 }, 'is not served'],
    ['an unknown parameter', { path: STATUS, data: running, sent: { x: '1' } }, 'x: not in'],
    [
      'a missing parameter',
      { path: '/nodes/pve1/qemu/101/clone', method: 'POST', data: 'UPID' },
      'newid: missing',
    ],
    ['a wrong type', { path: CONFIG, method: 'PUT', sent: { cores: 'x' } }, 'cores: no integer'],
    ['a wrong truth value', { path: CONFIG, method: 'PUT', sent: { onboot: 'yes' } }, 'onboot: no'],
    ['a wrong format', { path: CONFIG, method: 'PUT', sent: { name: '-x' } }, 'name: no dns-name'],
    ['a wrong part', { path: CONFIG, method: 'PUT', sent: { net0: 'virtio,x=1' } }, 'net0.x: not'],
    ['a choice that is none', { path: CONFIG, method: 'PUT', sent: { bios: 'x' } }, 'bios: not'],
    ['a number too small', { path: CONFIG, method: 'PUT', sent: { cores: '0' } }, 'cores: too'],
    [
      'what lacks another',
      { path: CONFIG, method: 'PUT', sent: { force: '1' } },
      'force: makes no',
    ],
    ['an answer that lacks a key', { path: STATUS, data: { vmid: 101 } }, 'data.status: missing'],
    ['an answer of a wrong type', { path: STATUS, data: [] }, 'data: no object'],
    ['an answer where none is due', { path: CONFIG, method: 'PUT', data: 'x' }, 'data: not null'],
    [
      'a key that the schema leaves no room for',
      { path: '/access/acl', data: [{ path: '/', roleid: 'x', type: 'user', ugid: 'a@b', z: 1 }] },
      'data[0].z: not in',
    ],
  ])('sees %s', (_, changes, fault) => {
    expect(faultsOf(exchange(changes as Exchange), '9.2').join('\n')).toContain(fault)
  })

  it('sees a key that came with a later version', () => {
    const data = { ...running, memhost: 1 }
    expect(faultsOf(exchange({ path: STATUS, data }), '9.1')).toEqual([])
    expect(faultsOf(exchange({ path: STATUS, data }), '8.4').join('\n')).toContain(
      'another version',
    )
  })

  it('sees a refusal of what the vendor takes, by the check of parameters alone', () => {
    const sent = { cores: '2' }
    const refused = { path: CONFIG, method: 'PUT', status: 400, sent }
    const byCheck = { cores: "type check ('boolean') failed - got '2'" }
    expect(faultsOf(exchange({ ...refused, errors: byCheck }), '9.2')[0]).toContain('refused what')
    const byBehaviour = { cores: 'not that many here' }
    expect(faultsOf(exchange({ ...refused, errors: byBehaviour }), '9.2')).toEqual([])
  })

  it('keeps each fault once and counts what it saw', () => {
    const listeners: ((exchange: Exchange) => void)[] = []
    const watch = watchSchema({ observe: (each) => void listeners.push(each) }, '9.2')
    for (let times = 0; times < 3; times++) listeners[0]!(exchange({ path: '/none' }))
    expect(watch.exchangeCount).toBe(3)
    expect(watch.faults).toEqual(['GET /none 200: no such operation in 9.2'])
    expect(() => watch.expectNoFaults()).toThrow('no such operation')
  })
})

describe('a watch without a contract for its version', () => {
  it('sees nothing wrong', () => {
    const watch = watchSchema({ observe: () => undefined }, '7.4' as '8.4')
    expect(watch.isWatching).toBe(false)
    watch.expectNoFaults()
  })
})
