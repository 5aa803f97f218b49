// SPDX-License-Identifier: Apache-2.0
/** Codes of the hub, and of the way to it. */
import type { ErrorTable } from './entry.ts'

/** Codes by what they say. */
export const HUB_ERRORS = {
  ERR_AGENT_UNKNOWN: {
    meaning: 'There is no agent of this name or id in this site.',
    remedy: 'See `sallyport agent list`.',
  },
  ERR_ALREADY_ANSWERED: {
    meaning: 'The envelope has another answer already; the first one stands.',
    remedy: 'Nothing; the agent takes it as delivered.',
  },
  ERR_BUNDLE_QUOTA: {
    meaning: 'The site has as many bundles on the hub as it may have.',
    remedy: 'Raise the limit of the hub, or remove bundles that no agent needs.',
  },
  ERR_ENVELOPE_CONFLICT: {
    meaning: 'The envelope id is taken by other bytes.',
    remedy: 'Run the job anew, which makes a new id.',
  },
  ERR_ENVELOPE_UNKNOWN: {
    meaning: 'There is no such envelope in this site.',
    remedy: 'See `sallyport job list`.',
  },
  ERR_HUB_ADDRESS: {
    meaning:
      'The address of the hub cannot be used: it is no http or https address, or has parts it may not have.',
    remedy: 'Give it as `https://hub.example:8443`.',
  },
  ERR_HUB_ANSWER_FORM: {
    meaning: 'The answer of the hub does not have the form of the contract.',
    remedy: 'Use programs of the same version on both sides, and see what stands between.',
  },
  ERR_HUB_ANSWER_SIZE: {
    meaning: 'The answer of the hub is larger than the contract allows.',
    remedy: 'Use programs of the same version on both sides, and see what stands between.',
  },
  ERR_HUB_DATABASE: {
    meaning: 'The database of the hub cannot be opened.',
    remedy: 'Look at the rights and the free space of its folder.',
  },
  ERR_HUB_REFUSED: {
    meaning: 'The hub said no; the details have its own code.',
    remedy: 'Look up that code here, and the correlation id in the log of the hub.',
  },
  ERR_HUB_TIMEOUT: {
    meaning: 'The hub did not answer in time.',
    remedy: 'See whether the hub runs and can be reached: `sallyport doctor`.',
  },
  ERR_HUB_UNREACHABLE: {
    meaning: 'The hub cannot be reached.',
    remedy: 'See whether the hub runs and whether its address is right: `sallyport doctor`.',
  },
  ERR_OPERATOR_KEY: {
    meaning: 'A key of this site is in use elsewhere on this hub.',
    remedy: 'Make a new identity for this site.',
  },
  ERR_PUBLIC_URL: {
    meaning: 'A hub that listens on every interface does not know its own address.',
    remedy: 'Name it with `--public-url`.',
  },
  ERR_QUEUE_FULL: {
    meaning: 'Too many envelopes of this site wait for an answer already.',
    remedy: 'Wait for answers, and see whether the agents run: `sallyport agent list`.',
  },
  ERR_SESSION_PROOF: {
    meaning: 'The proof of a session does not hold: unknown key, spent challenge or bad signature.',
    remedy: 'Try again; if it repeats, compare the site file of the hub with your identity.',
  },
  ERR_SITE_FILE: {
    meaning: 'The file is not a site file.',
    remedy: 'Take `operator/site.json` of the operator.',
  },
  ERR_TOO_MANY_WAITS: {
    meaning: 'Too many requests of this operator wait already.',
    remedy: 'End some of the waiting commands.',
  },
} as const satisfies ErrorTable
