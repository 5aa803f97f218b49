// SPDX-License-Identifier: Apache-2.0
/** Bounds the time of a synchronous calculation. */
import { Script, createContext } from 'node:vm'
import { CodedError, isCodedError } from '@sallyport/sdk'

const script = new Script('calculate()')

/**
 * Calculates, or gives up.
 *
 * Why: a pattern that looks harmless to the operator who approved it may take years on an argument made for it, and
 * this process would stand still.
 * Throws: ERR_LIMIT, and what `calculate` throws.
 */
export function withinTime<T>(maxMs: number, calculate: () => T): T {
  try {
    return script.runInContext(createContext({ calculate }), { timeout: maxMs }) as T
  } catch (error) {
    if (!isCodedError(error) || error.code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error
    throw new CodedError('ERR_LIMIT', `it took longer than ${maxMs} ms`)
  }
}
