// SPDX-License-Identifier: Apache-2.0
/** Permissions in words, as operators and readers meet them. */
import type { ArgumentShape, Permission } from './permission.ts'

/**
 * Says in one line what a permission allows.
 *
 * @example
 * describePermission(files.read('/proc/uptime')) // 'read files: /proc/uptime'
 */
export function describePermission(permission: Permission): string {
  switch (permission.kind) {
    case 'ask':
      return `run other job types (${permission.where}): ${permission.jobTypes.join(', ')}`
    case 'connect':
      return `connect to "${permission.binding}"`
    case 'endpoint':
      return `call "${permission.binding}": ${permission.routes.map(({ route }) => route).join(', ')}`
    case 'files.read':
      return `read files: ${permission.paths.join(', ')}`
    case 'files.write':
      return `write files: ${permission.paths.join(', ')}`
    case 'secret':
      return `see the secret "${permission.binding}"`
    case 'ssh':
      return `log in by SSH to "${permission.binding}"`
    case 'exec':
      return `run: ${[permission.program, ...permission.args.map(describeArgument)].join(' ')}`
    case 'state':
      return `keep up to ${permission.maxBytes} bytes of its own between jobs`
  }
}

function describeArgument(shape: ArgumentShape): string {
  return typeof shape === 'string' ? shape : `<${shape.pattern}>`
}
