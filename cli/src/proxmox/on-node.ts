// SPDX-License-Identifier: Apache-2.0
/** The interface of the node this runs on, as root, through its own command. Source: pvesh(1). */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { parseJson } from '@sallyport/core/protocol'
import { CodedError } from '@sallyport/sdk'
import type { PveInterface } from './interface.ts'

const PVESH = '/usr/bin/pvesh'
const WAIT_MS = 30_000
const MAX_BYTES = 4_194_304

const VERBS = { GET: 'get', POST: 'create', PUT: 'set', DELETE: 'delete' } as const

/** The interface through `pvesh`. Throws on a call: ERR_PVE_LOCAL. */
export function onNode(program: string = PVESH): PveInterface {
  const run = promisify(execFile)
  return {
    async call(method, path, params = {}) {
      const options = Object.entries(params).flatMap(([name, value]) => [
        `--${name}`,
        typeof value === 'boolean' ? String(Number(value)) : String(value),
      ])
      const args = [VERBS[method], path, ...options, '--output-format', 'json']
      try {
        const { stdout } = await run(program, args, { timeout: WAIT_MS, maxBuffer: MAX_BYTES })
        return stdout.trim() === '' ? null : parseJson(Buffer.from(stdout), MAX_BYTES)
      } catch (cause) {
        throw localFault(program, `${VERBS[method]} ${path}`, cause)
      }
    },
  }
}

/** Why the last line: there `pvesh` says why. */
function localFault(program: string, asked: string, cause: unknown): CodedError {
  const { code, stderr } = cause as { code?: unknown; stderr?: string }
  const why = code === 'ENOENT' ? 'it is not there' : (stderr?.trim().split('\n').at(-1) ?? '')
  return new CodedError('ERR_PVE_LOCAL', `${program} ${asked} failed`, {
    details: { why: why.slice(0, 500) },
    cause,
  })
}
