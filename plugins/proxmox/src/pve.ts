// SPDX-License-Identifier: GPL-3.0-or-later
/** The typed interface of Proxmox VE over a brokered handle. */
import { asDoRequest, type Endpoint } from '@sallyport/sdk'
import { proxmoxApi, type Proxmox } from 'proxmox-api'

/** The whole interface as proxmox-api types it; every request goes through the handle and nowhere else. */
export function pveOf(endpoint: Pick<Endpoint, 'request'>): Proxmox.Api {
  return proxmoxApi(asDoRequest(endpoint))
}
