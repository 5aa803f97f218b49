// SPDX-License-Identifier: Apache-2.0
/** A Proxmox API token from a file, and what it must not be unless somebody says that it may. */
import type { TokenTraits } from '@sallyport/core/plugins'
import { Secret } from '@sallyport/sdk'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'
import { readSecret } from './secret-input.ts'
import { usage } from './usage.ts'

/** What is said of the token. */
export interface PveTokenFlags {
  /** Whether it has rights of its own, apart from those of its account. */
  readonly 'pve-token-separated'?: string | undefined
  readonly 'accept-root-token'?: boolean | undefined
  readonly 'accept-unseparated-token'?: boolean | undefined
}

const SEPARATED: Readonly<Record<string, TokenTraits['separated']>> = {
  yes: true,
  no: false,
  unknown: 'unknown',
}

const TOKEN = /^[^\s@!=]+@[^\s@!=]+![^\s@!=]+=\S+$/

/**
 * Reads a token.
 *
 * Shape: `account@realm!name=value`, with or without `PVEAPIToken=` before it.
 * Throws: ERR_TOKEN_OF_ROOT, ERR_TOKEN_NOT_SEPARATED, ERR_USAGE, and what reading the file throws.
 * Source: Proxmox VE Administration Guide, "API Tokens": `PVEAPIToken=account@realm!name=uuid`.
 */
export async function readPveToken(
  file: string,
  flags: PveTokenFlags,
): Promise<{ value: Secret; token: TokenTraits }> {
  const text = (await readSecret(file, 'The API token')).replace(/^PVEAPIToken=/, '')
  if (!TOKEN.test(text)) throw usage('--pve-token-file holds account@realm!name=value')
  const value = `PVEAPIToken=${text}`
  return { value: new Secret(value), token: traitsOf(value, flags)! }
}

/**
 * What is known of the token in the value of a header; undefined when there is none in it.
 *
 * Throws: ERR_TOKEN_OF_ROOT, ERR_TOKEN_NOT_SEPARATED, ERR_USAGE.
 */
export function traitsOf(header: string, flags: PveTokenFlags): TokenTraits | undefined {
  const [, account] = /^\s*PVEAPIToken=([^!]*)!/i.exec(header) ?? []
  if (account === undefined) return undefined
  const said = flags['pve-token-separated'] ?? 'unknown'
  if (!Object.hasOwn(SEPARATED, said)) throw usage('--pve-token-separated is yes, no or unknown')
  const token = { isOfRoot: account === 'root@pam', separated: SEPARATED[said]! }
  expectAccepted(token, account, flags)
  return token
}

function expectAccepted(token: TokenTraits, account: string, flags: PveTokenFlags): void {
  if (token.isOfRoot && flags['accept-root-token'] !== true) {
    throw refused('ERR_TOKEN_OF_ROOT', `the token is one of ${account}, which may do everything`, {
      flag: '--accept-root-token',
      account,
    })
  }
  if (token.separated === false && flags['accept-unseparated-token'] !== true) {
    const why = `the token has no rights of its own: it may do all that ${account} may`
    throw refused('ERR_TOKEN_NOT_SEPARATED', why, { flag: '--accept-unseparated-token', account })
  }
}

function refused(
  code: string,
  message: string,
  { flag, account }: { readonly flag: string; readonly account: string },
): Problem {
  return new Problem(code, message, {
    exit: EXIT.refused,
    details: { account },
    unharmed: 'Nothing was bound.',
    remedy: `Make a token of an account of its own that may do what is needed and no more; if this one is meant, add ${flag}:`,
    commands: ['sallyport proxmox setup'],
  })
}
