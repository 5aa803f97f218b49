// SPDX-License-Identifier: Apache-2.0
/** Which shared libraries the Node binary needs, so that nothing else of the host is shown to a plugin. */
import { execFile } from 'node:child_process'
import { CodedError } from '@sallyport/sdk'

const TRACE_MS = 10_000

/**
 * Paths of the dynamic loader and of every library the loader resolves for `program`; empty when it is linked statically.
 *
 * Throws: ERR_SANDBOX_UNAVAILABLE.
 * Source: ld.so(8), LD_TRACE_LOADED_OBJECTS: the loader lists what it would load and does not start the program.
 */
export async function findLibraries(program: string): Promise<string[]> {
  const listing = await trace(program)
  const found = [...listing.matchAll(/(?:^|\s)(\/\S+) \(0x[0-9a-f]+\)$/gm)].map((line) => line[1]!)
  const isComplete = found.length > 0 && !listing.includes('not found')
  if (isComplete || listing.includes('statically linked')) return found
  throw new CodedError('ERR_SANDBOX_UNAVAILABLE', `the libraries of ${program} cannot be listed`)
}

function trace(program: string): Promise<string> {
  const options = { env: { LD_TRACE_LOADED_OBJECTS: '1' }, timeout: TRACE_MS, maxBuffer: 65_536 }
  return new Promise((resolve, reject) => {
    execFile(program, [], options, (error, stdout) => {
      if (error === null) return resolve(stdout)
      const message = `the libraries of ${program} cannot be listed: ${error.message}`
      reject(new CodedError('ERR_SANDBOX_UNAVAILABLE', message, { cause: error }))
    })
  })
}
