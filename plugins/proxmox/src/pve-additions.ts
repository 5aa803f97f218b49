// SPDX-License-Identifier: GPL-3.0-or-later
/** Operations of Proxmox VE 8.4 to 9.2 that the client does not type, as far as jobs use them. */

/** An answer whose members are looked at one by one. */
export type Answer = Readonly<Record<string, unknown>>

/** What is added to the client's own types; the two are one interface. */
export interface PveAdditions {
  readonly cluster: {
    readonly ha: {
      /** Rules in place of groups. Since 9.0. */
      readonly rules: {
        /** GET /cluster/ha/rules */
        $get(params?: {
          type?: 'node-affinity' | 'resource-affinity'
          resource?: string
        }): Promise<Answer[]>
      }
    }
  }
}
