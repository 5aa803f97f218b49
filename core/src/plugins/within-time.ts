// SPDX-License-Identifier: Apache-2.0
/** Bounds the time of a synchronous calculation. */
import { Script, createContext } from 'node:vm'
import { CodedError, isCodedError } from '@sallyport/sdk'

/** So often at most, where the host does not get to it. */
const MAX_ATTEMPTS = 5

const script = new Script('calculate()')
/** Why one for all: to make a realm takes longer than most calculations. */
const realm = createContext({ calculate: undefined as unknown })

/**
 * Calculates, or gives up. What the host itself stood still, or did for others, does not count: then it calculates again.
 *
 * Why: a pattern that looks harmless to the operator who approved it may take years on an argument made for it, and
 * this process would stand still.
 * Throws: ERR_LIMIT, and what `calculate` throws.
 */
export function withinTime<T>(maxMs: number, calculate: () => T): T {
  const startedMs = processorMs()
  for (let attempt = 1; ; attempt += 1) {
    realm['calculate'] = calculate
    try {
      return script.runInContext(realm, { timeout: maxMs }) as T
    } catch (error) {
      if (!isCodedError(error) || error.code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error
      const wasAtWork = processorMs() - startedMs > maxMs / 2
      if (!wasAtWork && attempt < MAX_ATTEMPTS) continue
      throw new CodedError('ERR_LIMIT', `it took longer than ${maxMs} ms`)
    } finally {
      realm['calculate'] = undefined
    }
  }
}

/** What this thread has had of a processor. */
function processorMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1_000
}
