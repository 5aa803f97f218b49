// SPDX-License-Identifier: Apache-2.0
/** Whether the hub answers, how fast, and what time it has. */
import { openHubClient } from '@sallyport/core/transport'
import { isCodedError } from '@sallyport/sdk'
import { span } from '../output/words.ts'
import { failed, ok, warning } from './finding.ts'
import type { Finding } from './finding.ts'

/** Clocks that differ by more than this make agents refuse jobs as from the future or expired. */
const MAX_APART_MS = 30_000
/** From here on it is worth a look. */
const WORTH_A_LOOK_MS = 5_000

/** Asks the hub for its health. */
export async function checkHub(url: string, version: string): Promise<Finding[]> {
  try {
    await using hub = openHubClient({ url, clock: { now: () => Date.now() } })
    // The first call also connects; the second shows what a job pays.
    await hub.health()
    const startedMs = performance.now()
    const health = await hub.health()
    const tookMs = performance.now() - startedMs
    const { degraded } = await hub.ready()
    const apartMs = Date.parse(health.now) - (Date.now() - tookMs / 2)
    return [
      clockFinding(url, { tookMs, apartMs }),
      ...degraded.map(weakness),
      ...(health.version === version
        ? []
        : [
            warning(
              'hub',
              `the hub is ${health.version}, this is ${version}`,
              'bring both to one version',
            ),
          ]),
    ]
  } catch (error) {
    if (!isCodedError(error)) throw error
    const remedy = 'start it (sallyport hub start), or name its address with --hub'
    return [failed('hub', `hub ${url}: ${error.message}`, { code: error.code, remedy })]
  }
}

/** What the hub itself says is not as it should be. */
function weakness(part: string): Finding {
  if (part === 'legacy_hs512') {
    const text = 'the tokens of the hub are of HS512: whoever can verify one can make one'
    return warning('hub', text, 'start the hub without --legacy-hs512')
  }
  return warning('hub', `a part of the hub is degraded: ${part}`, 'see the log of the hub')
}

function clockFinding(
  url: string,
  { tookMs, apartMs }: { tookMs: number; apartMs: number },
): Finding {
  const distanceMs = Math.abs(apartMs)
  const text = `hub ${url}, ${span(tookMs)}, clock ${span(distanceMs)} apart`
  const remedy = 'set both clocks (for example by NTP): agents refuse jobs from the future'
  if (distanceMs > MAX_APART_MS) return failed('hub', text, { code: 'from_future', remedy })
  return distanceMs > WORTH_A_LOOK_MS ? warning('hub', text, remedy) : ok('hub', text)
}
