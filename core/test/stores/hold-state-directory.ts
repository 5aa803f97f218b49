// SPDX-License-Identifier: Apache-2.0
/** A program for the tests: opens the state directory it is given, says how that went, and waits for its end. */
import { openStateDirectory } from '@sallyport/core/stores'

const [path] = process.argv.slice(2)
try {
  const directory = openStateDirectory(path!)
  console.log('held')
  // Kept reachable: a lock that is collected as garbage would be let go.
  process.stdin.on('end', () => directory[Symbol.dispose]()).resume()
} catch (error) {
  console.log((error as { code: string }).code)
}
