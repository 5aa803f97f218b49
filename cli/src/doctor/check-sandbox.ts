// SPDX-License-Identifier: Apache-2.0
/** Whether this host can wall plugins in: each wall is tried from the inside. */
import { probeControlGroup, probeSandbox } from '@sallyport/core/plugins'
import type { GroupReport } from '@sallyport/core/plugins'
import { failed, ok, warning } from './finding.ts'
import type { Finding } from './finding.ts'

/** Starts programs behind each wall that try to get out; one finding for all that stand, one for each that does not. */
export async function checkSandbox(): Promise<Finding[]> {
  return [...(await checkWalls()), groupFinding(await probeControlGroup())]
}

/** Why a warning when there is none: memory and processes are watched as well, only from further away. */
export function groupFinding({ state, detail }: GroupReport): Finding {
  const text = `control group: ${detail}`
  if (state === 'stands') return ok('control-group', text)
  if (state === 'fallen') {
    const remedy = 'no plugin is started in an agent that finds control groups it cannot use'
    return failed('control-group', text, { code: 'sandbox_unavailable', remedy })
  }
  const remedy =
    'run the agent as a systemd unit with Delegate=yes; until then its watchdog alone bounds memory and processes'
  return warning('control-group', text, remedy)
}

async function checkWalls(): Promise<Finding[]> {
  const rows = await probeSandbox()
  const fallen = rows.filter((row) => !row.stands)
  if (fallen.length === 0) {
    const all = rows.at(-1)?.detail ?? ''
    return [
      ok(
        'sandbox',
        `sandbox: ${rows.length} walls tried from inside, ${rows.length} stand; ${all}`,
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
