// SPDX-License-Identifier: Apache-2.0
/** What happens to plugins, on record: their processes while the agent runs, and what does not hold when it starts. */
import type { PluginEvent } from '@sallyport/core/plugins'
import { isCodedError } from '@sallyport/sdk'
import type { Logger } from 'pino'
import { judgePlugins, type AgentPlugin, type HeldPlugins } from './plugins.ts'
import type { AgentRecord } from './record.ts'

/**
 * Records an event of a plugin's process. A plugin that is put aside stays so over restarts, from the same instant on.
 *
 * Why no throw: a full disk must not end the agent; the next intent will not be written, and so nothing runs.
 */
export function notePluginEvent(record: AgentRecord, given: PluginEvent, log: Logger): void {
  const { event, stderr: _stderr, ...details } = given
  log.info({ event, ...details }, 'plugin process')
  try {
    record.note({ event, details }, (nowMs) => {
      if (event !== 'plugin.quarantined') return
      const { digest, pluginName, version, code, message } = given
      const reason = `${code}: ${message}`
      record.journal.putQuarantine({ digest, pluginName, version, reason, sinceMs: nowMs })
    })
  } catch (error) {
    const code = isCodedError(error) ? error.code : 'unknown'
    log.error({ event, code }, 'audit log not written')
  }
}

/**
 * Verifies every plugin this agent holds, from the bytes on its disk, and says which may not load.
 *
 * Why nothing is removed: each is verified again at every job, and the operator decides what becomes of it.
 */
export function reportPlugins(held: HeldPlugins, record: AgentRecord, log: Logger): void {
  const unfit = judgePlugins(held).filter(({ standing }) => isNews(standing.state))
  for (const { plugin, standing, approved } of unfit) {
    const { state, why } = standing
    const named = approved && { approvalId: approved.approvalId, digest: approved.digest }
    const details = { at: 'start', plugin, state, why, ...named }
    log.warn(details, 'this plugin may not load')
    if (state === 'damaged' || state === 'unfit') {
      record.note({ event: 'approval.refused', details })
    }
  }
}

function isNews(state: AgentPlugin['standing']['state']): boolean {
  return state !== 'approved' && state !== 'replaced'
}
