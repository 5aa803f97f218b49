// SPDX-License-Identifier: GPL-3.0-or-later
/** The operations that the simulator serves, by area: `METHODS /path`, one path a line. */

const RULES = (scope: string): string => `
GET ${scope}/firewall
GET,PUT ${scope}/firewall/options
GET,POST ${scope}/firewall/rules
GET,PUT,DELETE ${scope}/firewall/rules/{pos}`

const GUEST = (scope: string): string => `
GET,POST /nodes/{node}/${scope.split('/')[3]}
GET,DELETE ${scope}
POST ${scope}/clone
GET,PUT ${scope}/config
GET ${scope}/feature
GET,POST ${scope}/migrate
GET ${scope}/pending
PUT ${scope}/resize
GET ${scope}/rrd
GET ${scope}/rrddata
GET,POST ${scope}/snapshot
GET,DELETE ${scope}/snapshot/{snapname}
GET,PUT ${scope}/snapshot/{snapname}/config
POST ${scope}/snapshot/{snapname}/rollback
GET ${scope}/status
GET ${scope}/status/current
POST ${scope}/status/reboot
POST ${scope}/status/resume
POST ${scope}/status/shutdown
POST ${scope}/status/start
POST ${scope}/status/stop
POST ${scope}/status/suspend
POST ${scope}/template
${RULES(scope)}
GET ${scope}/firewall/aliases
GET ${scope}/firewall/ipset
GET ${scope}/firewall/log
GET ${scope}/firewall/refs`

const AGENT = '/nodes/{node}/qemu/{vmid}/agent'
const ASKED = [
  'exec-status',
  'file-read',
  'get-fsinfo',
  'get-host-name',
  'get-memory-block-info',
  'get-memory-blocks',
  'get-osinfo',
  'get-time',
  'get-timezone',
  'get-users',
  'get-vcpus',
  'info',
  'network-get-interfaces',
]
const TOLD = [
  'exec',
  'file-write',
  'fsfreeze-freeze',
  'fsfreeze-status',
  'fsfreeze-thaw',
  'fstrim',
  'ping',
  'set-user-password',
  'shutdown',
  'suspend-disk',
  'suspend-hybrid',
  'suspend-ram',
]

/** What is served, by the name of the table it stands in. */
export const SERVED: Readonly<Record<string, string>> = {
  access: `
GET /version
GET /access
GET,PUT /access/acl
GET /access/domains
GET /access/domains/{realm}
GET,POST /access/groups
GET,PUT,DELETE /access/groups/{groupid}
PUT /access/password
GET /access/permissions
GET,POST /access/roles
GET,PUT,DELETE /access/roles/{roleid}
GET,POST /access/ticket
GET,POST /access/users
GET,PUT,DELETE /access/users/{userid}
GET /access/users/{userid}/token
GET,POST,PUT,DELETE /access/users/{userid}/token/{tokenid}
GET,POST,PUT,DELETE /pools
GET,PUT,DELETE /pools/{poolid}`,
  cluster: `
GET /cluster
GET,POST /cluster/backup
GET,PUT,DELETE /cluster/backup/{id}
GET /cluster/backup/{id}/included_volumes
GET /cluster/backup-info
GET /cluster/backup-info/not-backed-up
GET /cluster/config
GET /cluster/config/nodes
GET /cluster/firewall
GET /cluster/firewall/options
GET /cluster/firewall/rules
GET /cluster/ha
GET,POST /cluster/ha/groups
GET,PUT,DELETE /cluster/ha/groups/{group}
GET,POST /cluster/ha/resources
GET,PUT,DELETE /cluster/ha/resources/{sid}
POST /cluster/ha/resources/{sid}/migrate
POST /cluster/ha/resources/{sid}/relocate
GET,POST /cluster/ha/rules
GET,PUT,DELETE /cluster/ha/rules/{rule}
GET /cluster/ha/status
GET /cluster/ha/status/current
GET /cluster/ha/status/manager_status
GET /cluster/log
GET /cluster/metrics
GET /cluster/metrics/server
GET /cluster/nextid
GET,PUT /cluster/options
GET /cluster/replication
GET /cluster/resources
GET /cluster/status
GET /cluster/tasks`,
  nodes: `
GET /nodes
GET /nodes/{node}
GET,POST /nodes/{node}/aplinfo
GET /nodes/{node}/apt
GET /nodes/{node}/apt/changelog
GET /nodes/{node}/apt/repositories
GET,POST /nodes/{node}/apt/update
GET /nodes/{node}/apt/versions
GET /nodes/{node}/capabilities
GET /nodes/{node}/capabilities/qemu
GET /nodes/{node}/capabilities/qemu/cpu
GET /nodes/{node}/capabilities/qemu/machines
GET /nodes/{node}/certificates
GET /nodes/{node}/certificates/info
GET,PUT /nodes/{node}/config
GET /nodes/{node}/disks
GET /nodes/{node}/disks/directory
GET /nodes/{node}/disks/list
GET /nodes/{node}/disks/lvm
GET /nodes/{node}/disks/lvmthin
GET /nodes/{node}/disks/smart
GET /nodes/{node}/disks/zfs
GET,PUT /nodes/{node}/dns
GET /nodes/{node}/firewall
GET /nodes/{node}/firewall/options
GET /nodes/{node}/firewall/rules
GET /nodes/{node}/hardware
GET /nodes/{node}/hardware/pci
GET /nodes/{node}/hardware/usb
GET,POST /nodes/{node}/hosts
GET /nodes/{node}/journal
POST /nodes/{node}/migrateall
GET /nodes/{node}/netstat
GET /nodes/{node}/network
GET /nodes/{node}/network/{iface}
GET /nodes/{node}/replication
GET /nodes/{node}/report
GET /nodes/{node}/rrddata
GET /nodes/{node}/scan
GET /nodes/{node}/scan/lvm
GET /nodes/{node}/scan/nfs
GET /nodes/{node}/scan/zfs
GET /nodes/{node}/services
GET /nodes/{node}/services/{service}
POST /nodes/{node}/services/{service}/reload
POST /nodes/{node}/services/{service}/restart
POST /nodes/{node}/services/{service}/start
GET /nodes/{node}/services/{service}/state
POST /nodes/{node}/services/{service}/stop
POST /nodes/{node}/startall
GET,POST /nodes/{node}/status
POST /nodes/{node}/stopall
GET /nodes/{node}/subscription
POST /nodes/{node}/suspendall
GET /nodes/{node}/syslog
GET /nodes/{node}/tasks
GET,DELETE /nodes/{node}/tasks/{upid}
GET /nodes/{node}/tasks/{upid}/log
GET /nodes/{node}/tasks/{upid}/status
GET,PUT /nodes/{node}/time
GET /nodes/{node}/version
POST /nodes/{node}/wakeonlan`,
  storage: `
GET,POST /storage
GET,PUT,DELETE /storage/{storage}
GET /nodes/{node}/storage
GET /nodes/{node}/storage/{storage}
GET,POST /nodes/{node}/storage/{storage}/content
GET,PUT,DELETE /nodes/{node}/storage/{storage}/content/{volume}
POST /nodes/{node}/storage/{storage}/download-url
GET,DELETE /nodes/{node}/storage/{storage}/prunebackups
GET /nodes/{node}/storage/{storage}/rrddata
GET /nodes/{node}/storage/{storage}/status
POST /nodes/{node}/storage/{storage}/upload
POST /nodes/{node}/vzdump
GET /nodes/{node}/vzdump/defaults
GET /nodes/{node}/vzdump/extractconfig`,
  lxc: `
${GUEST('/nodes/{node}/lxc/{vmid}')}
GET /nodes/{node}/lxc/{vmid}/interfaces
POST /nodes/{node}/lxc/{vmid}/move_volume`,
  qemu: `
${GUEST('/nodes/{node}/qemu/{vmid}')}
POST /nodes/{node}/qemu/{vmid}/config
GET,PUT /nodes/{node}/qemu/{vmid}/cloudinit
GET /nodes/{node}/qemu/{vmid}/cloudinit/dump
POST /nodes/{node}/qemu/{vmid}/move_disk
POST /nodes/{node}/qemu/{vmid}/status/reset
PUT /nodes/{node}/qemu/{vmid}/unlink
GET,POST ${AGENT}
${ASKED.map((each) => `GET ${AGENT}/${each}`).join('\n')}
${TOLD.map((each) => `POST ${AGENT}/${each}`).join('\n')}`,
}

/** The operations of a table, `GET /version`. */
export function operationsIn(table: string): string[] {
  const lines = SERVED[table]!.split('\n').filter((line) => line !== '')
  return lines.flatMap((line) => {
    const [methods = '', path = ''] = line.split(' ')
    return methods.split(',').map((method) => `${method} ${path}`)
  })
}
