// SPDX-License-Identifier: Apache-2.0
/** The list of what is generated: one line per tool. */
import type { Generated } from './generated.ts'
import { apiReport } from './write-api.ts'
import { errorsPage } from './write-errors.ts'
import { kindsPage } from './write-kinds.ts'
import { operationsPage } from './write-limits.ts'
import { manifests } from './write-manifests.ts'
import { privilegesTable } from './write-privileges.ts'
import { proxmoxPage } from './write-proxmox.ts'

/** Every generated file as it should stand in the repository. */
export async function allGenerated(): Promise<Generated[]> {
  return [
    ...(await manifests()),
    await privilegesTable(),
    await proxmoxPage(),
    errorsPage(),
    apiReport(),
    kindsPage(),
    operationsPage(),
  ]
}
