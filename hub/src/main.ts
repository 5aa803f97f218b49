// SPDX-License-Identifier: Apache-2.0
/** The hub as a program: starts, says where it listens, and goes when it is told to. */
import { isCodedError } from '@sallyport/sdk'
import { parseConfig } from './config.ts'
import { startHub } from './start-hub.ts'

const EXIT_FAILED = 1
const EXIT_USAGE = 2

/** Whatever this program writes is for its own account alone. */
process.umask(0o077)

try {
  await using hub = await startHub(parseConfig(process.argv.slice(2), process.env))
  process.on('SIGHUP', () => void hub.reload())
  const { url, metricsUrl } = hub
  process.stdout.write(`${JSON.stringify({ event: 'hub.started', url, metricsUrl })}\n`)
  await toldToGo()
} catch (error) {
  const { code, message } = isCodedError(error)
    ? error
    : { code: 'ERR_INTERNAL', message: String(error) }
  process.stderr.write(`${JSON.stringify({ event: 'hub.failed', code, message })}\n`)
  process.exitCode = code === 'ERR_USAGE' ? EXIT_USAGE : EXIT_FAILED
}

/** Resolves with the first signal; a second one ends the process at once. */
function toldToGo(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      process.once(signal, () => process.exit(EXIT_FAILED))
      resolve()
    })
  }
  return promise
}
