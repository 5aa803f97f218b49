// SPDX-License-Identifier: Apache-2.0
/** Codes of runs that ended badly, and of the sandbox around them. */
import type { ErrorTable } from './entry.ts'

/** Codes by what they say. */
export const RUN_ERRORS = {
  ERR_AUDIT_UNAVAILABLE: {
    meaning:
      'The use of a handle, or what the run kept, could not be recorded, so the run was ended before it.',
    remedy: 'Free space or mend the state directory of the agent; see `sallyport doctor`.',
  },
  ERR_PLUGIN_ABUSE: {
    meaning:
      'The process of the plugin broke the rules of its message channel or started a process. It was killed.',
    remedy: 'Do not run this plugin again before its author has explained it.',
  },
  ERR_PLUGIN_BACKOFF: {
    meaning: 'The plugin ended badly several times and is started again only after a while.',
    remedy: 'Wait, and look at the earlier failures with `sallyport job list`.',
  },
  ERR_PLUGIN_CRASHED: {
    meaning: 'The process of the plugin ended during the run.',
    remedy:
      'See what of the job was done before you run it again; report it to the author of the plugin.',
  },
  ERR_PLUGIN_MANIFEST: {
    meaning: 'The plugin describes itself otherwise than the manifest of its bundle.',
    remedy: 'Build the bundle anew with `sallyport plugin build` and approve it.',
  },
  ERR_PLUGIN_MEMORY: {
    meaning: 'The plugin used more memory than it may and was killed.',
    remedy: 'Ask for less at once; report it to the author of the plugin.',
  },
  ERR_PLUGIN_REVOKED: {
    meaning: 'An operator revoked the plugin while it ran; the run was ended.',
    remedy: 'See what of the job was done; approve a bundle anew before the next one.',
  },
  ERR_PLUGIN_START: {
    meaning: 'The process of the plugin did not become ready, or the plugin could not be loaded.',
    remedy: 'See the message; `sallyport doctor` on the host tries the sandbox.',
  },
  ERR_PLUGIN_STOPPED: {
    meaning: 'The process of the plugin was stopped during the run, because the agent stops.',
    remedy: 'Run the job again once the agent is back.',
  },
  ERR_RUN_CANCELLED: {
    meaning: 'The run was ended before it was done.',
    remedy: 'See what of the job was done, then run it again.',
  },
  ERR_RUN_INTERRUPTED: {
    meaning:
      'The agent stopped in the middle of the run. Whether the job had its effect is unknown; it is not run again.',
    remedy: 'See what of the job was done, then run it anew, which makes a new id.',
  },
  ERR_RUN_TIMEOUT: {
    meaning: 'The run did not end within the time of its job type, and its processes were killed.',
    remedy: 'See what of the job was done; ask for less, or have the author raise `timeoutMs`.',
  },
  ERR_SANDBOX_UNAVAILABLE: {
    meaning: 'This host cannot wall a plugin in, so none is started.',
    remedy: 'Install bubblewrap (`apt-get install bubblewrap`) and see `sallyport doctor`.',
  },
} as const satisfies ErrorTable
