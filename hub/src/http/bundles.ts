// SPDX-License-Identifier: Apache-2.0
/** Bundles over HTTP: bytes in under their digest, bytes out. */
import { digestOf } from '@sallyport/core/crypto'
import { routes } from '@sallyport/core/transport'
import type { Clock } from '@sallyport/core/wiring'
import { CodedError } from '@sallyport/sdk'
import type { HubLimits } from '../limits.ts'
import type { BundleStore } from '../stores/bundle-store.ts'
import { operatorOf } from './authenticate.ts'
import { BundlePath } from './queries.ts'
import { serveDownload, serveUpload, type RouteHost } from './serve.ts'

/** What these routes need. */
export interface BundleRoutesParts {
  readonly bundles: BundleStore
  readonly clock: Clock
  readonly limits: HubLimits
}

/** Serves the two routes. */
export function addBundles(host: RouteHost, { bundles, clock, limits }: BundleRoutesParts): void {
  serveUpload(host, routes.storeBundle, {
    params: BundlePath,
    async handle({ body: bytes, params: { digest }, principal }) {
      const { siteId } = operatorOf(principal)
      if (digestOf(bytes) !== digest) {
        throw new CodedError(
          'ERR_BUNDLE_DIGEST',
          'the bytes have another digest than the path says',
        )
      }
      await bundles.add({ siteId, digest, bytes, nowMs: clock.now() }, limits.bundlesPerSite)
      return {}
    },
  })

  serveDownload(host, routes.fetchBundle, {
    params: BundlePath,
    async handle({ params: { digest }, principal }) {
      const bytes = principal && (await bundles.find(principal.siteId, digest))
      if (bytes !== undefined) return bytes
      throw new CodedError('ERR_BUNDLE_UNKNOWN', 'there is no bundle with this digest')
    },
  })
}
