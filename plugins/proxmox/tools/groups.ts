// SPDX-License-Identifier: GPL-3.0-or-later
/** Parameters that several operations share: what all of a group have is written once. */

const QEMU = '/nodes/{node}/qemu'
const LXC = '/nodes/{node}/lxc'
const RULED = [`${QEMU}/{vmid}`, `${LXC}/{vmid}`]

/** The groups, in the order in which they take their parameters. */
export const GROUPS: readonly { readonly name: string; readonly of: readonly string[] }[] = [
  { name: 'qemu', of: [`POST ${QEMU}`, `POST ${QEMU}/{vmid}/config`, `PUT ${QEMU}/{vmid}/config`] },
  { name: 'lxc', of: [`POST ${LXC}`, `PUT ${LXC}/{vmid}/config`] },
  { name: 'storage', of: ['POST /storage', 'PUT /storage/{storage}'] },
  {
    name: 'vzdump',
    of: ['POST /nodes/{node}/vzdump', 'POST /cluster/backup', 'PUT /cluster/backup/{id}'],
  },
  { name: 'job', of: ['POST /cluster/backup', 'PUT /cluster/backup/{id}'] },
  {
    name: 'rule',
    of: RULED.flatMap((path) => [
      `POST ${path}/firewall/rules`,
      `PUT ${path}/firewall/rules/{pos}`,
    ]),
  },
]
