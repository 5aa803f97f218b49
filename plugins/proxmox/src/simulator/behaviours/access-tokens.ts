// SPDX-License-Identifier: GPL-3.0-or-later
/** API tokens of users. A secret is shown once, when it is made. */
import { dies, PveError } from '../contract.ts'
import type { Behaviours, Call } from '../contract.ts'
import { flagOf, listOf, numberOf, textOf } from '../guests/params.ts'
import { newSecret } from '../seal.ts'
import type { SimToken, SimUser } from '../world.ts'
import { changeAccess } from './access-change.ts'

/** What can be asked of tokens. */
export const tokenBehaviours: Behaviours = {
  'GET /access/users/{userid}/token': (call) =>
    [...ownerIn(call).tokens.values()].map((token) => ({ tokenid: token.id, ...tokenRow(token) })),
  'GET /access/users/{userid}/token/{tokenid}': (call) => tokenRow(tokenIn(call)),
  'POST /access/users/{userid}/token/{tokenid}': createToken,
  'PUT /access/users/{userid}/token/{tokenid}': updateToken,
  'DELETE /access/users/{userid}/token/{tokenid}': (call) => {
    const owner = ownerIn(call)
    const token = tokenIn(call)
    return changeAccess(call, 'delete API token', () => {
      owner.tokens.delete(token.id)
      const { acl } = call.world.access
      const name = `${owner.id}!${token.id}`
      acl.splice(0, acl.length, ...acl.filter(({ who }) => who !== name))
    })
  },
}

/** A token as it is shown: never with its secret. */
export function tokenRow(token: SimToken): Record<string, unknown> {
  return {
    expire: Math.floor(token.expiresAtMs / 1000),
    privsep: token.isSeparated ? 1 : 0,
    ...(token.comment === '' ? {} : { comment: token.comment }),
  }
}

function createToken(call: Call): object {
  const owner = ownerIn(call)
  const id = String(call.params['tokenid'])
  if (owner.tokens.has(id)) {
    throw new PveError(400, 'Parameter verification failed.', { tokenid: 'Token already exists.' })
  }
  const token: SimToken = {
    id,
    secret: newSecret(call.world),
    isSeparated: call.params['privsep'] === undefined || flagOf(call, 'privsep'),
    expiresAtMs: (numberOf(call, 'expire') ?? (owner.expiresAtMs ?? 0) / 1000) * 1000,
    comment: textOf(call, 'comment') ?? '',
  }
  changeAccess(call, 'create API token', () => void owner.tokens.set(id, token))
  const { expire, ...info } = tokenRow(token)
  return {
    'full-tokenid': `${owner.id}!${id}`,
    info: { ...info, ...(call.params['expire'] === undefined ? {} : { expire }) },
    value: token.secret,
  }
}

function updateToken(call: Call): object {
  const owner = ownerIn(call)
  const old = tokenIn(call)
  const isNew = flagOf(call, 'regenerate')
  const token: SimToken = {
    ...old,
    ...(isNew ? { secret: newSecret(call.world) } : {}),
    isSeparated: call.params['privsep'] === undefined ? old.isSeparated : flagOf(call, 'privsep'),
    expiresAtMs: (numberOf(call, 'expire') ?? old.expiresAtMs / 1000) * 1000,
    comment: listOf(call, 'delete').includes('comment')
      ? ''
      : (textOf(call, 'comment') ?? old.comment),
  }
  changeAccess(call, 'modify API token', () => void owner.tokens.set(old.id, token))
  const shown = isNew ? { 'full-tokenid': `${owner.id}!${old.id}`, value: token.secret } : {}
  return { ...tokenRow(token), ...shown }
}

function ownerIn({ world, params }: Call): SimUser {
  const id = String(params['userid'])
  const owner = world.access.users.get(id)
  if (owner === undefined) throw dies(`no such user ('${id}')`)
  return owner
}

function tokenIn(call: Call): SimToken {
  const owner = ownerIn(call)
  const id = String(call.params['tokenid'])
  const token = owner.tokens.get(id)
  if (token === undefined) throw dies(`no such token '${id}' for user '${owner.id}'`)
  return token
}
