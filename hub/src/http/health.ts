// SPDX-License-Identifier: Apache-2.0
/** Whether the hub is there, and what time it has. */
import { instantOf } from '@sallyport/core/protocol'
import { routes } from '@sallyport/core/transport'
import type { Clock } from '@sallyport/core/wiring'
import { serve, type RouteHost } from './serve.ts'

/** Serves `/health`. */
export function addHealth(host: RouteHost, parts: { clock: Clock; version: string }): void {
  serve(host, routes.health, {
    handle: async () => ({
      status: 'ok' as const,
      version: parts.version,
      now: instantOf(parts.clock.now()),
    }),
  })
}
