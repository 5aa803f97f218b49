// SPDX-License-Identifier: Apache-2.0
/** Which Node runs, and what is known against it. */
import { failed, ok, warning } from './finding.ts'
import type { Finding } from './finding.ts'

/** Advisories against Node 26 by the release that mends them, oldest first. */
const ADVISORIES: readonly { fixedIn: string; ids: readonly string[] }[] = [
  { fixedIn: '26.3.1', ids: ['CVE-2026-48617', 'CVE-2026-48936'] },
  { fixedIn: '26.5.1', ids: ['CVE-2026-58039', 'CVE-2026-58043'] },
  {
    fixedIn: '26.12.1',
    ids: [
      'CVE-2026-105482',
      'CVE-2026-105483',
      'CVE-2026-106069',
      'CVE-2026-106071',
      'CVE-2026-106072',
      'CVE-2026-106073',
      'CVE-2026-106074',
      'CVE-2026-111497',
    ],
  },
]

const NEEDED_MAJOR = 26

/** Looks at a Node version, `26.10.0`. */
export function checkNode(version: string): Finding[] {
  if (Number(version.split('.')[0]) < NEEDED_MAJOR) {
    return [
      failed('node', `node ${version}`, {
        code: 'ERR_NODE_VERSION',
        remedy: 'install Node 26 or newer',
      }),
    ]
  }
  const open = ADVISORIES.filter(({ fixedIn }) => isBefore(version, fixedIn))
  const newest = open.at(-1)
  if (newest === undefined) return [ok('node', `node ${version}`)]
  const ids = open.flatMap((each) => each.ids)
  const text = `node ${version} has ${ids.length} known advisories: ${ids.join(', ')}`
  return [
    warning(
      'node',
      text,
      `install node ${newest.fixedIn} or newer; the walls around plugins do not rest on node alone`,
    ),
  ]
}

function isBefore(version: string, other: string): boolean {
  const [a, b] = [version, other].map((each) => each.split('.').map(Number))
  const at = a!.findIndex((number, index) => number !== b![index])
  return at !== -1 && a![at]! < b![at]!
}
