// SPDX-License-Identifier: Apache-2.0
/** What is made on a cluster: the least, and nothing twice. */
import { describe, expect, it } from '@jest/globals'
import {
  changesBetween,
  findAccounts,
  type FoundAccounts,
  type WantedAccount,
} from '../../src/proxmox/account.ts'
import { rolesFor } from '../../src/proxmox/rights.ts'

const RIGHTS = {
  'guest.list': [
    { path: '/vms/{vmid}', privileges: ['VM.Audit'] },
    { path: '/nodes/{node}', privileges: ['Sys.Audit'] },
  ],
  'guest.start': [{ path: '/vms/{vmid}', privileges: ['VM.PowerMgmt', 'VM.Audit'] }],
  'cluster.report': [{ path: '/', privileges: ['Sys.Audit'] }],
}
const everywhere = { guests: [], pools: [] }

const wanted: WantedAccount = {
  account: 'sallyport@pve',
  tokenId: 'pve1',
  isSeparated: true,
  roles: rolesFor(['guest.start'], RIGHTS, { tokenId: 'pve1', extent: everywhere }),
}
const nothing: FoundAccounts = { roles: [], hasAccount: false, token: undefined, acl: [] }
const made: FoundAccounts = {
  roles: [{ roleid: 'sallyport-pve1-guests', privs: ['VM.PowerMgmt', 'VM.Audit'] }],
  hasAccount: true,
  token: { isSeparated: true },
  acl: [
    { path: '/vms', type: 'user', ugid: 'sallyport@pve', roleid: 'sallyport-pve1-guests' },
    { path: '/vms', type: 'token', ugid: 'sallyport@pve!pve1', roleid: 'sallyport-pve1-guests' },
  ],
}
const calls = (found: FoundAccounts, isReplacing = false, want = wanted) =>
  changesBetween(found, want, { isReplacing }).map(({ method, path, params }) => ({
    call: `${method} ${path}`,
    params,
  }))

describe('the roles of a set of job types', () => {
  it('hold what they need and nothing else, one role for each part of the access tree', () => {
    const roles = rolesFor(['guest.list', 'guest.start'], RIGHTS, {
      tokenId: 'pve1',
      extent: everywhere,
    })
    expect(roles).toEqual([
      { id: 'sallyport-pve1-guests', paths: ['/vms'], privileges: ['VM.Audit', 'VM.PowerMgmt'] },
      { id: 'sallyport-pve1-nodes', paths: ['/nodes'], privileges: ['Sys.Audit'] },
    ])
  })

  it('are given at the root only where a job type asks there', () => {
    const roles = rolesFor(['cluster.report'], RIGHTS, { tokenId: 'a', extent: everywhere })
    expect(roles).toEqual([{ id: 'sallyport-a-cluster', paths: ['/'], privileges: ['Sys.Audit'] }])
  })

  it('are limited to the guests and pools that are named, and nodes are not', () => {
    const extent = { guests: [101, 102], pools: ['photos'] }
    const roles = rolesFor(['guest.list'], RIGHTS, { tokenId: 'pve1', extent })
    expect(roles.map(({ paths }) => paths)).toEqual([
      ['/vms/101', '/vms/102', '/pool/photos'],
      ['/nodes'],
    ])
  })

  it('refuse a path that the access tree does not have', () => {
    const rights = { x: [{ path: '/elsewhere/1', privileges: ['VM.Audit'] }] }
    expect(() => rolesFor(['x'], rights, { tokenId: 'a', extent: everywhere })).toThrow(RangeError)
  })
})

describe('the account', () => {
  it('is made with role, token of its own rights, and both lines of the access list', () => {
    const role = 'sallyport-pve1-guests'
    expect(calls(nothing)).toEqual([
      { call: 'POST /access/roles', params: { roleid: role, privs: 'VM.Audit,VM.PowerMgmt' } },
      {
        call: 'POST /access/users',
        params: { userid: 'sallyport@pve', comment: 'Sallyport agents' },
      },
      {
        call: 'POST /access/users/sallyport@pve/token/pve1',
        params: { privsep: 1, comment: 'Sallyport' },
      },
      {
        call: 'PUT /access/acl',
        params: { path: '/vms', roles: role, propagate: 1, users: 'sallyport@pve' },
      },
      {
        call: 'PUT /access/acl',
        params: { path: '/vms', roles: role, propagate: 1, tokens: 'sallyport@pve!pve1' },
      },
    ])
  })

  it('is left alone when all of it is there', () => {
    expect(calls(made)).toEqual([])
  })

  it('gets a new token only when that is asked for, the old one going first', () => {
    expect(calls(made, true).map(({ call }) => call)).toEqual([
      'DELETE /access/users/sallyport@pve/token/pve1',
      'POST /access/users/sallyport@pve/token/pve1',
      'PUT /access/acl',
    ])
  })

  it('gives the new token the rights that went with the old one, and the account none twice', () => {
    const [{ params } = { params: {} }] = calls(made, true).filter(
      ({ call }) => call === 'PUT /access/acl',
    )
    expect(params).toMatchObject({ path: '/vms', tokens: 'sallyport@pve!pve1' })
  })

  it('has its role mended where it holds more than it should', () => {
    const roles = [
      { roleid: 'sallyport-pve1-guests', privs: ['VM.Audit', 'VM.PowerMgmt', 'Sys.Modify'] },
    ]
    expect(calls({ ...made, roles })).toEqual([
      {
        call: 'PUT /access/roles/sallyport-pve1-guests',
        params: { privs: 'VM.Audit,VM.PowerMgmt' },
      },
    ])
  })

  it('loses what an earlier setup of the same token gave, and nothing of another token', () => {
    const acl = [
      ...made.acl,
      { path: '/', type: 'user', ugid: 'sallyport@pve', roleid: 'sallyport-pve1-cluster' },
      { path: '/', type: 'user', ugid: 'sallyport@pve', roleid: 'sallyport-pve2-cluster' },
      { path: '/', type: 'user', ugid: 'root@pam', roleid: 'Administrator' },
    ]
    const roles = [
      ...made.roles,
      { roleid: 'sallyport-pve1-cluster', privs: ['Sys.Audit'] },
      { roleid: 'sallyport-pve2-cluster', privs: ['Sys.Audit'] },
    ]
    expect(calls({ ...made, acl, roles })).toEqual([
      {
        call: 'PUT /access/acl',
        params: {
          path: '/',
          roles: 'sallyport-pve1-cluster',
          propagate: 1,
          users: 'sallyport@pve',
          delete: 1,
        },
      },
      { call: 'DELETE /access/roles/sallyport-pve1-cluster', params: {} },
    ])
  })
})

describe('looking at the accounts', () => {
  const answers: Record<string, unknown> = {
    '/access/roles': [{ roleid: 'r', privs: 'VM.Audit,VM.PowerMgmt', special: 0 }],
    '/access/users': [{ userid: 'sallyport@pve', enable: 1 }],
    '/access/users/sallyport@pve/token': [{ tokenid: 'pve1', privsep: 0 }],
    '/access/acl': [],
  }
  const pve = (changes: Record<string, unknown> = {}) => ({
    call: async (_: string, path: string) => ({ ...answers, ...changes })[path],
  })

  it('sees a token without rights of its own', async () => {
    const found = await findAccounts(pve(), { account: 'sallyport@pve', tokenId: 'pve1' })
    expect(found.token).toEqual({ isSeparated: false })
  })

  it('asks for no tokens of an account that is not there', async () => {
    const found = await findAccounts(pve({ '/access/users/a@pve/token': 'never asked' }), {
      account: 'a@pve',
      tokenId: 'pve1',
    })
    expect(found).toMatchObject({ hasAccount: false, token: undefined })
  })

  it('refuses an answer of another form', async () => {
    const looked = findAccounts(pve({ '/access/acl': 'html' }), {
      account: 'sallyport@pve',
      tokenId: 'pve1',
    })
    await expect(looked).rejects.toMatchObject({ code: 'ERR_PVE_ANSWER' })
  })
})
