// SPDX-License-Identifier: Apache-2.0
/** Whether this host can wall plugins in: each wall is tried from the inside. */
import { probeSandbox } from '@sallyport/core/plugins'
import { failed, ok } from './finding.ts'
import type { Finding } from './finding.ts'

/** Starts programs behind each wall that try to get out; one finding for all that stand, one for each that does not. */
export async function checkSandbox(): Promise<Finding[]> {
  const rows = await probeSandbox()
  const fallen = rows.filter((row) => !row.stands)
  if (fallen.length === 0) {
    const both = rows.at(-1)?.detail ?? ''
    return [
      ok(
        'sandbox',
        `sandbox: ${rows.length} walls tried from inside, ${rows.length} stand; ${both}`,
      ),
    ]
  }
  return fallen.map(({ name, detail }) =>
    failed('sandbox', `sandbox, ${name}: ${detail}`, {
      code: 'sandbox_unavailable',
      remedy:
        name === 'bubblewrap'
          ? 'apt-get install bubblewrap; without it no plugin is started'
          : 'no plugin is started here until this wall stands',
    }),
  )
}
