// SPDX-License-Identifier: Apache-2.0
/** Epochs over HTTP: look, bring the trust roots that a restored hub lacks, confirm it. */
import { openRoot } from '@sallyport/core/crypto'
import { decodeBase64url, instantOf } from '@sallyport/core/protocol'
import { routes } from '@sallyport/core/transport'
import type { Clock } from '@sallyport/core/wiring'
import { CodedError, isCodedError } from '@sallyport/sdk'
import type { Epochs } from '../backup/epochs.ts'
import type { Log } from '../log.ts'
import type { SiteStore } from '../stores/site-store.ts'
import { operatorOf, principalOf } from './authenticate.ts'
import { serve, type RouteHost } from './serve.ts'

/** What these routes need. */
export interface EpochRoutesParts {
  readonly epochs: Epochs
  readonly sites: SiteStore
  readonly clock: Clock
  readonly log: Log
}

/** Serves the three routes. */
export function addEpochs(host: RouteHost, parts: EpochRoutesParts): void {
  const { epochs, log } = parts
  serve(host, routes.readEpoch, {
    async handle({ principal }) {
      const row = await epochs.newest(principalOf(principal).siteId)
      if (row === undefined) return { epoch: 1, begunAt: null, backupAt: null, isConfirmed: true }
      return {
        epoch: row.epoch,
        begunAt: instantOf(Number(row.begun_at)),
        backupAt: instantOf(Number(row.backup_at)),
        isConfirmed: row.confirmed_at !== null,
      }
    },
  })

  serve(host, routes.catchUpRoots, {
    async handle({ body }) {
      const siteId = await epochs.siteOf(body.confirmToken)
      await takeRoots(parts, siteId, body.roots)
      return {}
    },
  })

  serve(host, routes.confirmEpoch, {
    async handle({ body, principal }) {
      const operator = operatorOf(principal)
      const { epoch } = await epochs.confirm(operator, body)
      const { siteId, keyId } = operator
      log.warn({ siteId, epoch, operator: keyId }, 'epoch.confirmed')
      return { epoch }
    },
  })
}

/** Those that the hub holds already change nothing. */
async function takeRoots(
  { sites, clock, log }: EpochRoutesParts,
  siteId: string,
  texts: readonly string[],
): Promise<void> {
  for (const text of texts) {
    const root = read(text)
    const { version } = root.root
    const isNew = await sites.publish(siteId, { version, root, nowMs: clock.now() })
    if (isNew) log.info({ siteId, version }, 'root.taken')
  }
}

function read(text: string) {
  try {
    return openRoot(decodeBase64url(text))
  } catch (cause) {
    if (!isCodedError(cause)) throw cause
    throw new CodedError('ERR_ROOT_REFUSED', 'the trust root is not taken: it has no form', {
      cause,
    })
  }
}
