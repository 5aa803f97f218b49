// SPDX-License-Identifier: Apache-2.0
/** The agent program. Run it with `--disable-sigusr1`, as `sallyport agent start` does. */
import { isCodedError } from '@sallyport/sdk'
import { readConfig } from './config.ts'
import { startAgent } from './start-agent.ts'

const EXIT_FAILED = 1

/** Whatever this program writes is for its own account alone. */
process.umask(0o077)

/** Why before the start: whoever reads the first line may send a signal at once. */
const stopped = new Promise<string>((done) => {
  process.once('SIGTERM', done)
  process.once('SIGINT', done)
})

try {
  const agent = await startAgent(readConfig(process.argv.slice(2), process.env))
  const { agentId, agentName, hub } = agent
  process.stdout.write(`${JSON.stringify({ event: 'agent.started', agentId, agentName, hub })}\n`)
  const signal = await stopped
  process.stderr.write(`${JSON.stringify({ level: 30, msg: `stopping on ${signal}` })}\n`)
  await agent[Symbol.asyncDispose]()
} catch (error) {
  const code = isCodedError(error) ? error.code : 'ERR_INTERNAL'
  const details = (error as { details?: unknown }).details
  const line = { level: 60, code, msg: (error as Error).message, details }
  process.stderr.write(`${JSON.stringify(line)}\n`)
  process.exitCode = EXIT_FAILED
}
