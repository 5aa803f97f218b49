// SPDX-License-Identifier: Apache-2.0
/** An account for agents on Proxmox VE: what is there, what should be there, and the calls that make the one the other. */
import { CodedError } from '@sallyport/sdk'
import { z } from 'zod'
import type { PveInterface } from './interface.ts'
import type { Role } from './rights.ts'

/** The account as it should be. */
export interface WantedAccount {
  /** `sallyport@pve`. */
  readonly account: string
  readonly tokenId: string
  /** Whether the token has rights of its own, and not all those of its account. */
  readonly isSeparated: boolean
  readonly roles: readonly Role[]
}

/** One call, and what it does in words. */
export interface Change {
  readonly words: string
  readonly method: 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly params: Readonly<Record<string, string | number>>
  /** Whether its answer holds the secret of the new token. */
  readonly yieldsToken?: true
}

/** What a node says of its accounts. */
export interface FoundAccounts {
  readonly roles: readonly { readonly roleid: string; readonly privs: readonly string[] }[]
  readonly hasAccount: boolean
  /** The token of the wanted name; undefined when there is none. */
  readonly token: { readonly isSeparated: boolean } | undefined
  readonly acl: readonly AclEntry[]
}

interface AclEntry {
  readonly path: string
  readonly type: string
  readonly ugid: string
  readonly roleid: string
}

const flag = z.union([z.number(), z.boolean(), z.string()]).optional()
const Roles = z.array(z.object({ roleid: z.string(), privs: z.string().optional() }))
const Accounts = z.array(z.object({ userid: z.string() }))
const Tokens = z.array(z.object({ tokenid: z.string(), privsep: flag }))
const Acl = z.array(
  z.object({ path: z.string(), type: z.string(), ugid: z.string(), roleid: z.string() }),
)

/** Looks. Throws: ERR_PVE_ANSWER, and what the interface throws. */
export async function findAccounts(
  pve: PveInterface,
  wanted: Pick<WantedAccount, 'account' | 'tokenId'>,
): Promise<FoundAccounts> {
  const roles = read(Roles, await pve.call('GET', '/access/roles'))
  const accounts = read(Accounts, await pve.call('GET', '/access/users'))
  const hasAccount = accounts.some(({ userid }) => userid === wanted.account)
  const tokens = hasAccount
    ? read(Tokens, await pve.call('GET', `/access/users/${wanted.account}/token`))
    : []
  const token = tokens.find(({ tokenid }) => tokenid === wanted.tokenId)
  return {
    roles: roles.map(({ roleid, privs = '' }) => ({ roleid, privs: privs.split(/[,;\s]+/) })),
    hasAccount,
    token: token && { isSeparated: Number(token.privsep ?? 1) === 1 },
    acl: read(Acl, await pve.call('GET', '/access/acl')),
  }
}

/** The calls that are left to be made, in their order; none when all is as it should be. */
export function changesBetween(
  found: FoundAccounts,
  wanted: WantedAccount,
  { isReplacing }: { readonly isReplacing: boolean },
): Change[] {
  return [
    ...roleChanges(found, wanted),
    ...accountChange(found, wanted),
    ...tokenChanges(found, wanted, isReplacing),
    ...aclChanges(isReplacing ? withoutToken(found, wanted) : found, wanted),
  ]
}

/** Why: Proxmox VE forgets the rights of a token with the token, and the new one of the same name begins without any. */
function withoutToken(found: FoundAccounts, { account, tokenId }: WantedAccount): FoundAccounts {
  const token = `${account}!${tokenId}`
  return { ...found, acl: found.acl.filter(({ ugid }) => ugid !== token) }
}

function roleChanges({ roles }: FoundAccounts, wanted: WantedAccount): Change[] {
  return wanted.roles.flatMap(({ id, privileges }): Change[] => {
    const privs = privileges.join(',')
    const held = roles.find(({ roleid }) => roleid === id)
    if (held === undefined) {
      const params = { roleid: id, privs }
      return [{ words: `role ${id}: ${privs}`, method: 'POST', path: '/access/roles', params }]
    }
    if (
      held.privs
        .filter((name) => name !== '')
        .toSorted()
        .join() === privs
    )
      return []
    const words = `role ${id} becomes ${privs}`
    return [{ words, method: 'PUT', path: `/access/roles/${id}`, params: { privs } }]
  })
}

function accountChange({ hasAccount }: FoundAccounts, { account }: WantedAccount): Change[] {
  if (hasAccount) return []
  const params = { userid: account, comment: 'Sallyport agents' }
  return [{ words: `account ${account}`, method: 'POST', path: '/access/users', params }]
}

function tokenChanges(
  { token }: FoundAccounts,
  { account, tokenId, isSeparated }: WantedAccount,
  isReplacing: boolean,
): Change[] {
  if (token !== undefined && !isReplacing) return []
  const path = `/access/users/${account}/token/${tokenId}`
  const name = `${account}!${tokenId}`
  const made: Change = {
    words: `token ${name}, ${isSeparated ? 'with rights of its own' : 'WITH ALL RIGHTS OF ITS ACCOUNT'}`,
    method: 'POST',
    path,
    params: { privsep: isSeparated ? 1 : 0, comment: 'Sallyport' },
    yieldsToken: true,
  }
  if (token === undefined) return [made]
  return [{ words: `the old token ${name} is removed`, method: 'DELETE', path, params: {} }, made]
}

/** Why account and token both: a token with rights of its own may do what both may. */
function aclChanges({ acl, roles }: FoundAccounts, wanted: WantedAccount): Change[] {
  const { account, tokenId } = wanted
  const token = `${account}!${tokenId}`
  const entries = wanted.roles.flatMap(({ id, paths }) =>
    paths.flatMap((path) => [
      { path, type: 'user', ugid: account, roleid: id },
      { path, type: 'token', ugid: token, roleid: id },
    ]),
  )
  const own = new RegExp(`^sallyport-${tokenId.replaceAll('.', '\\.')}-[a-z]+$`)
  const stale = acl.filter(
    (entry) => own.test(entry.roleid) && !entries.some((each) => isSame(each, entry)),
  )
  const needless = roles.filter(
    ({ roleid }) => own.test(roleid) && !wanted.roles.some(({ id }) => id === roleid),
  )
  return [
    ...entries
      .filter((entry) => !acl.some((each) => isSame(each, entry)))
      .map((entry) => aclCall(entry, false)),
    ...stale.map((entry) => aclCall(entry, true)),
    ...needless.map(({ roleid }): Change => ({
      words: `role ${roleid} is removed`,
      method: 'DELETE',
      path: `/access/roles/${roleid}`,
      params: {},
    })),
  ]
}

function aclCall({ path, type, ugid, roleid }: AclEntry, isRemoval: boolean): Change {
  return {
    words: `${ugid} ${isRemoval ? 'loses' : 'gets'} ${roleid} at ${path}`,
    method: 'PUT',
    path: '/access/acl',
    params: {
      path,
      roles: roleid,
      propagate: 1,
      [type === 'token' ? 'tokens' : 'users']: ugid,
      ...(isRemoval && { delete: 1 }),
    },
  }
}

function isSame(left: AclEntry, right: AclEntry): boolean {
  const { path, type, ugid, roleid } = left
  return (
    path === right.path && type === right.type && ugid === right.ugid && roleid === right.roleid
  )
}

function read<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new CodedError('ERR_PVE_ANSWER', 'the node answered in another form than Proxmox VE does', {
    details: { why: parsed.error.issues[0]?.message ?? '' },
  })
}
