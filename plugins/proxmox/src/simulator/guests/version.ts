// SPDX-License-Identifier: GPL-3.0-or-later
/** What differs between the versions that are simulated. */
import type { World } from '../world.ts'

/** Whether the cluster runs 9.x. */
export function isNewer(world: World): boolean {
  return world.version !== '8.4'
}
