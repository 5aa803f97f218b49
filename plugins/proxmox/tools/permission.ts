// SPDX-License-Identifier: GPL-3.0-or-later
/** The vendor's permission expressions in the notation of the tables. */
import type { VendorOperation } from './vendor.ts'

/** `all`, `world`, `root` or an expression such as `and(perm(/vms/{vmid} VM.Clone) …)`. */
export function permissionText(permissions: VendorOperation['permissions']): string {
  if (permissions == null) return 'root'
  const { user, check } = permissions
  if (check === undefined) return user ?? 'root'
  if (user !== undefined && user !== 'all') throw new Error(`a check and the user ${user}`)
  return checkText(check)
}

function checkText([kind, ...rest]: readonly unknown[]): string {
  switch (kind) {
    case 'and':
    case 'or':
      return `${kind}(${rest.map((each) => checkText(each as unknown[])).join(' ')})`
    case 'perm':
      return permText(rest)
    case 'perm-modify':
    case 'userid-param':
      return `${kind}(${String(rest[0])})`
    case 'userid-group':
      return groupText(rest)
    default:
      throw new Error(`an unknown check: ${String(kind)}`)
  }
}

function permText([path, privileges, ...options]: unknown[]): string {
  const facts = [path, ...(privileges as string[])]
  for (let at = 0; at < options.length; at += 2) {
    if (options[at] === 'require_param') facts.push(`?${String(options[at + 1])}`)
    else if (options[at] !== 'any') throw new Error(`an unknown option: ${String(options[at])}`)
  }
  const kind = options.includes('any') ? 'any' : 'perm'
  return `${kind}(${facts.join(' ')})`
}

function groupText([privileges, option, value]: unknown[]): string {
  if (option !== undefined && option !== 'groups_param')
    throw new Error(`an unknown option: ${String(option)}`)
  const on = option === undefined ? [] : [`?${String(value)}`]
  return `userid-group(${[...(privileges as string[]), ...on].join(' ')})`
}
