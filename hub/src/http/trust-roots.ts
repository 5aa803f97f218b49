// SPDX-License-Identifier: Apache-2.0
/** Trust roots over HTTP: read the versions, publish the next. */
import { openRoot, type SignedRoot } from '@sallyport/core/crypto'
import { decodeBase64url } from '@sallyport/core/protocol'
import { routes } from '@sallyport/core/transport'
import type { Clock } from '@sallyport/core/wiring'
import { CodedError } from '@sallyport/sdk'
import type { Log } from '../log.ts'
import type { WakeUps } from '../queue/wake-ups.ts'
import type { SiteStore } from '../stores/site-store.ts'
import { principalOf } from './authenticate.ts'
import { RootPath, RootsQuery } from './queries.ts'
import { serve, type RouteHost } from './serve.ts'

/** What these routes need. */
export interface TrustRootRoutesParts {
  readonly sites: SiteStore
  readonly wakeUps: WakeUps
  readonly clock: Clock
  readonly log: Log
}

/** Serves the two routes. */
export function addTrustRoots(
  host: RouteHost,
  { sites, wakeUps, clock, log }: TrustRootRoutesParts,
): void {
  serve(host, routes.readTrustRoots, {
    query: RootsQuery,
    async handle({ query, principal }) {
      return { roots: await sites.roots(principalOf(principal).siteId, query.from) }
    },
  })

  serve(host, routes.publishTrustRoot, {
    params: RootPath,
    async handle({ body, params: { version }, principal }) {
      const { siteId, keyId } = principalOf(principal)
      const isNew = await sites.publish(siteId, {
        version,
        root: readRoot(body.root),
        nowMs: clock.now(),
      })
      if (isNew) {
        log.info({ siteId, version, keyId }, 'root.taken')
        // Whoever waits, at whichever hub, is looked up again, and is out if the new root does not know them.
        wakeUps.wakeAllEverywhere()
      }
      return {}
    },
  })
}

function readRoot(text: string): SignedRoot {
  try {
    return openRoot(decodeBase64url(text))
  } catch (cause) {
    throw new CodedError('ERR_ROOT_REFUSED', 'the trust root is not taken: it has no form', {
      cause,
    })
  }
}
