// SPDX-License-Identifier: GPL-3.0-or-later
/** What the simulator knows of the interface of Proxmox VE, by hand-written cases: needs no contract of the vendor. */
import { describe, expect, it } from '@jest/globals'
import {
  checkParams,
  checkReturns,
  operationsOf,
  type Operation,
  type RawParams,
} from '../src/simulator/schema/index.ts'
import { formatFault } from '../src/simulator/schema/formats.ts'
import { matchesPerl } from '../src/simulator/schema/perl.ts'
import { PVE_VERSIONS, type PveVersion } from '../src/simulator/world.ts'
import { patient } from '../../../test/support/patience.ts'

const CONFIG = 'PUT /nodes/{node}/qemu/{vmid}/config'
const HERE = { node: 'pve1', vmid: '101' }
const UNKNOWN =
  'property is not defined in schema and the schema does not allow additional properties'

function operation(name: string, version: PveVersion = '9.2'): Operation {
  const found = operationsOf(version).all.get(name)
  if (found === undefined) throw new Error(`no ${name} in ${version}`)
  return found
}

/** What is wrong with parameters of a change to a virtual machine. */
function errorsOf(raw: RawParams, name = CONFIG): Readonly<Record<string, string>> {
  const checked = checkParams(operation(name), { ...HERE, ...raw })
  return 'errors' in checked ? checked.errors : {}
}

describe('operations', () => {
  it('are read for each version and only once', () => {
    const counts = PVE_VERSIONS.map((version) => operationsOf(version).all.size)
    expect(Math.min(...counts)).toBeGreaterThan(200)
    expect(operationsOf('9.2')).toBe(operationsOf('9.2'))
  })

  it.each([
    ['GET', 'version', 'GET /version', {}],
    ['GET', 'nodes/pve1/status', 'GET /nodes/{node}/status', { node: 'pve1' }],
    [
      'DELETE',
      'nodes/pve1/storage/nas/content/nas:backup/x.vma',
      'DELETE /nodes/{node}/storage/{storage}/content/{volume}',
      { node: 'pve1', storage: 'nas', volume: 'nas:backup/x.vma' },
    ],
    // A literal part goes before a parameter.
    ['GET', 'cluster/ha/status/current', 'GET /cluster/ha/status/current', {}],
  ])('are found: %s /%s', (method, path, name, pathParams) => {
    const found = operationsOf('9.2').match(method, path.split('/'))
    expect(found).toEqual({ operation: name, pathParams })
  })

  it.each([
    ['GET', 'nodes/pve1/nothing'],
    ['GET', ''],
    ['GET', 'nodes//status'],
    ['PATCH', 'version'],
    ['GET', 'version/more'],
    ['GET', 'nodes/pve1/qemu/101/config/more'],
  ])('are not found where there are none: %s /%s', (method, path) => {
    expect(operationsOf('9.2').match(method, path.split('/'))).toBeUndefined()
  })

  it('are found thousands of times a second', () => {
    const { match } = operationsOf('9.2')
    const segments = 'nodes/pve1/tasks/UPID:pve1:0:0:0:x::root@pam:/log'.split('/')
    const startMs = performance.now()
    for (let times = 0; times < 10_000; times++) match('GET', segments)
    expect(performance.now() - startMs).toBeLessThan(patient(500))
  })

  it('differ by version', () => {
    const has = (version: PveVersion, name: string) => operationsOf(version).all.has(name)
    expect(PVE_VERSIONS.map((each) => has(each, 'GET /cluster/ha/rules'))).toEqual([
      false,
      true,
      true,
    ])
    const agent = (version: PveVersion) =>
      operation('GET /nodes/{node}/qemu/{vmid}/agent/info', version).permission
    expect(agent('8.4')).toMatchObject({ privileges: ['VM.Monitor'], any: false })
    expect(agent('9.1')).toMatchObject({
      privileges: ['VM.GuestAgent.Audit', 'VM.GuestAgent.Unrestricted'],
      any: true,
    })
  })

  it('say who may ask, nested as the vendor nests it', () => {
    expect(operation('POST /nodes/{node}/qemu/{vmid}/clone').permission).toEqual({
      kind: 'and',
      of: [
        { kind: 'perm', path: '/vms/{vmid}', privileges: ['VM.Clone'], any: false },
        {
          kind: 'or',
          of: [
            { kind: 'perm', path: '/vms/{newid}', privileges: ['VM.Allocate'], any: false },
            {
              kind: 'perm',
              path: '/pool/{pool}',
              privileges: ['VM.Allocate'],
              any: false,
              requireParam: 'pool',
            },
          ],
        },
      ],
    })
    expect(operation('GET /access/domains').permission).toEqual({ kind: 'world' })
    expect(operation('PUT /access/acl').permission).toEqual({ kind: 'perm-modify', path: '{path}' })
    expect(operation('PUT /access/users/{userid}').permission).toEqual({
      kind: 'userid-group',
      privileges: ['User.Modify'],
      groupsParam: 'update',
    })
    expect(operation('PUT /access/password').allowToken).toBe(false)
    expect(operation('GET /nodes/{node}/status')).toMatchObject({
      allowToken: true,
      proxyTo: 'node',
    })
  })
})

describe('parameters that hold', () => {
  it('get their types', () => {
    const raw = { ...HERE, cores: '4', onboot: '1', cpulimit: '1.5', tags: ['a', 'b'], name: 'web' }
    expect(checkParams(operation(CONFIG), raw)).toEqual({
      params: {
        node: 'pve1',
        vmid: 101,
        cores: 4,
        onboot: true,
        cpulimit: 1.5,
        tags: 'a,b',
        name: 'web',
      },
    })
  })

  it('may come with types from JSON', () => {
    const raw = { node: 'pve1', vmid: 101, cores: 4, onboot: false, name: null }
    expect(checkParams(operation(CONFIG), raw)).toEqual({
      params: { node: 'pve1', vmid: 101, cores: 4, onboot: false },
    })
  })

  it.each([
    [{ command: ['ls', '-l'] }, ['ls', '-l']],
    [{ command: 'ls' }, ['ls']],
  ])('are a list where one is asked for: %j', (raw, command) => {
    const exec = operation('POST /nodes/{node}/qemu/{vmid}/agent/exec')
    expect(checkParams(exec, { ...HERE, ...raw })).toMatchObject({ params: { command } })
  })

  it.each([
    { net0: 'virtio=BC:24:11:00:00:01,bridge=vmbr0,firewall=on' },
    { net31: 'model=virtio,macaddr=BC:24:11:00:00:01' },
    { scsi0: 'local-lvm:vm-101-disk-0,discard=on,size=32G,iothread=1' },
    { scsi0: 'volume=local-lvm:8' },
    { ide2: 'none,media=cdrom' },
    { ipconfig0: 'ip=192.0.2.5/24,gw=192.0.2.1' },
    { ipconfig0: 'ip=dhcp,ip6=auto' },
    { boot: 'order=scsi0;net0' },
    { agent: '1,fstrim_cloned_disks=1' },
    { agent: 'enabled=1,guest-fsfreeze=0' },
    { memory: '2048' },
    { cpu: 'host,flags=+aes' },
    { startup: 'order=1,up=30' },
    { sshkeys: 'ssh-ed25519%20AAAA' },
    { nameserver: '192.0.2.1 2001:db8::1' },
    { delete: 'net1,net2', force: '1' },
    { affinity: '0-3' },
    { vga: 'serial0' },
    { machine: 'pc-q35-9.0+pve1' },
  ])('are property strings of many forms: %j', (raw) => {
    expect(errorsOf(raw)).toEqual({})
  })
})

describe('parameters that do not hold', () => {
  it.each([
    [{ colour: 'red' }, { colour: UNKNOWN }],
    [{ net32: 'virtio' }, { net32: UNKNOWN }],
    [{ net01: 'virtio' }, { net01: UNKNOWN }],
    [{ 'net[n]': 'virtio' }, { 'net[n]': UNKNOWN }],
    [{ onboot: 'yes' }, { onboot: "type check ('boolean') failed - got 'yes'" }],
    [{ cores: 'x' }, { cores: "type check ('integer') failed - got 'x'" }],
    [{ cores: '' }, { cores: "type check ('integer') failed - got ''" }],
    [{ cpulimit: '1,5' }, { cpulimit: "type check ('number') failed - got '1,5'" }],
    [{ name: ['a', 'b'] }, { name: "type check ('string') failed - got ARRAY" }],
    [{ cores: '0' }, { cores: 'value must have a minimum value of 1' }],
    [{ cpulimit: '129' }, { cpulimit: 'value must have a maximum value of 128' }],
    [{ bios: 'x' }, { bios: "value 'x' does not have a value in the enumeration 'seabios, ovmf'" }],
    [{ digest: 'a'.repeat(41) }, { digest: 'value may only be 40 characters long' }],
    [{ bootdisk: 'floppy0' }, { bootdisk: expect.stringMatching(/regex pattern$/) }],
    [{ force: '1' }, { delete: "missing property required by 'force'" }],
    [{ vmid: '1000000000' }, { vmid: expect.stringContaining('a maximum value of 999999999') }],
    [
      { vmid: '99' },
      {
        vmid: 'invalid format - value does not look like a valid VM ID\n\\nvalue must have a minimum value of 100',
      },
    ],
    [{ name: '-x' }, { name: 'invalid format - value does not look like a valid DNS name\n' }],
    [
      { net0: 'virtio,speed=9' },
      { net0: 'invalid format - invalid key in comma-separated list property: speed\n' },
    ],
    [
      { net0: 'bridge=vmbr0' },
      {
        net0: 'invalid format - format error\nnet0.model: property is missing and it is not optional\n',
      },
    ],
    [
      { net0: 'virtio=BC:24:11:00:00:01,e1000=BC:24:11:00:00:02' },
      { net0: "invalid format - key alias 'model' is already defined\n" },
    ],
    [
      { net0: 'virtio,rtl8139' },
      { net0: 'invalid format - duplicate key in comma-separated list property: model\n' },
    ],
    [
      { net0: 'virtio,=x' },
      { net0: 'invalid format - missing key in comma-separated list property\n' },
    ],
    [
      { net0: 'virtio=01:24:11:00:00:01' },
      {
        net0: 'invalid format - format error\nnet0.macaddr: invalid format - value does not look like a valid unicast MAC address\n\n',
      },
    ],
    [
      { ipconfig0: 'gw=192.0.2.1' },
      {
        ipconfig0:
          "invalid format - format error\nipconfig0.ip: missing property required by 'ipconfig0.gw'\n",
      },
    ],
  ] as [RawParams, Record<string, unknown>][])(
    'are refused in the vendor’s words: %j',
    (raw, errors) => {
      expect(errorsOf(raw)).toEqual(errors)
    },
  )

  it('are all named at once', () => {
    const errors = errorsOf({ cores: 'x', bios: 'y', colour: 'red' })
    expect(Object.keys(errors).sort()).toEqual(['bios', 'colour', 'cores'])
  })

  it('are missing', () => {
    const { errors } = checkParams(operation('POST /nodes/{node}/qemu/{vmid}/clone'), HERE) as {
      errors: unknown
    }
    expect(errors).toEqual({ newid: 'property is missing and it is not optional' })
  })

  it('are no list where one is asked for and something false came', () => {
    const exec = 'POST /nodes/{node}/qemu/{vmid}/agent/exec'
    for (const command of ['', '0']) {
      expect(errorsOf({ command }, exec)).toEqual({ command: "type check ('array') failed" })
    }
  })

  it('are of another version', () => {
    const raw = { ...HERE, 'allow-ksm': '1' }
    const by = PVE_VERSIONS.map(
      (version) => 'errors' in checkParams(operation(CONFIG, version), raw),
    )
    expect(by).toEqual([true, false, false])
  })

  it('cannot reach behind the tables', () => {
    const raw = Object.fromEntries([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ])
    expect(errorsOf(raw)).toEqual({ constructor: UNKNOWN, ['__proto__']: UNKNOWN })
    expect(errorsOf({ net0: 'virtio,constructor=1' })).toHaveProperty('net0')
  })
})

describe('formats', () => {
  it.each([
    ['pve-node', ['pve1', 'a-b'], ['-a', 'a.b', '']],
    ['pve-storage-id', ['nas', 'local-lvm', 'A1'], ['a', '1a', 'nas-']],
    [
      'pve-userid',
      ['root@pam', 'a.b@realm-1'],
      ['root', 'a b@pam', '@pam', 'x'.repeat(61) + '@pam'],
    ],
    ['pve-tokenid', ['root@pam!lab'], ['root@pam', 'root@pam!']],
    [
      'CIDR',
      ['192.0.2.0/24', '2001:db8::/64'],
      ['192.0.2.0', '192.0.2.0/33', 'x/24', '192.0.2/24'],
    ],
    ['CIDRv4', ['192.0.2.0/24'], ['2001:db8::/64']],
    [
      'ip',
      ['192.0.2.1', '::1', '2001:db8::1', '::ffff:192.0.2.1'],
      ['1.2.3', '1.2.3.256', ':::', '1::2::3', 'g::'],
    ],
    ['ipv6', ['1:2:3:4:5:6:7:8', '1::'], ['192.0.2.1', '1:2:3:4:5:6:7:8:9', '12345::']],
    ['address', ['192.0.2.1', 'host.example'], ['-', 'a..b']],
    ['mac-addr', ['BC:24:11:00:00:01'], ['BD:24:11:00:00:01', 'BC:24:11:00:00', 'x']],
    ['disk-size', ['32G', '100', '1.5T'], ['G', '32X', '']],
    ['email-opt', ['', 'a@b.example'], ['a', 'a b@c']],
    ['pve-vmid-list', ['100,101', '100;101 102', ''], ['100,99', 'x']],
    ['pve-configid-list', ['net0 net1', 'net0\0net1'], ['0net']],
    ['storage-pair-list', ['1', 'nas', 'nas:local,usb:nas'], ['a:', 'x:y:z']],
    ['pve-ha-resource-or-vm-id', ['100', 'vm:100', 'ct:101'], ['vm', 'lxc:100']],
    ['pve-startup-order', ['1', 'order=1,up=2,down=3', 'up=5'], ['first', 'order=x']],
    ['pve-volume-id', ['local:iso/x.iso'], ['local', ':x', 'local:']],
    ['pve-volume-id-or-qm-path', ['none', 'cdrom', '/dev/sdb', 'local-lvm:8'], ['disk']],
    ['pve-tag-list', ['a;b', 'web_1'], ['a,-b']],
    ['pve-poolid', ['lab', 'lab/web/a'], ['lab/', 'a b', 'a/b/c/d']],
  ])('%s', (format, good, bad) => {
    expect(good.filter((text) => formatFault(format, text) !== undefined)).toEqual([])
    expect(bad.filter((text) => formatFault(format, text) === undefined)).toEqual([])
  })

  it('that are not known hold for any text', () => {
    expect(formatFault('of-tomorrow', 'anything')).toBeUndefined()
  })

  it('are the vendor’s expressions for the whole text', () => {
    expect(matchesPerl('(?^:a|b)', 'a')).toBe(true)
    expect(matchesPerl('a|b', 'ab')).toBe(false)
    expect(matchesPerl('(?^i:x)y', 'Xy')).toBe(true)
    expect(matchesPerl('(?^i:x)y', 'XY')).toBe(false)
    expect(matchesPerl('a{,2}', 'aaa')).toBe(false)
    expect(matchesPerl('(?^u:^((?>[+-]?[\\w\\-\\._=]+,?)+)$)', '+aes,-x')).toBe(true)
  })

  it('take no time without end, however a text is made', () => {
    const startMs = performance.now()
    expect(matchesPerl('(?^u:^((?>[+-]?[\\w\\-\\._=]+,?)+)$)', `${'a'.repeat(40)}!`)).toBe(false)
    expect(performance.now() - startMs).toBeLessThan(patient(500))
  })
})

describe('answers', () => {
  const current = operation('GET /nodes/{node}/qemu/{vmid}/status/current')
  const acl = operation('GET /access/acl')

  it('hold when they have the shape', () => {
    const data = {
      status: 'running',
      vmid: 101,
      ha: { managed: 0 },
      cpu: 0.1,
      template: '',
      more: 1,
    }
    expect(checkReturns(current, { ...data, template: 0 })).toEqual([])
    expect(checkReturns(operation('PUT /access/acl'), null)).toEqual([])
    expect(checkReturns(operation('POST /nodes/{node}/qemu/{vmid}/config'), null)).toEqual([])
  })

  it.each([
    [current, { vmid: 101, ha: {} }, 'status: property is missing and it is not optional'],
    [current, { status: 'x', vmid: 101, ha: {} }, "status: value 'x' does not have"],
    [current, 'UPID', "data: type check ('object') failed"],
    [current, null, 'data: property is missing'],
    [acl, {}, "data: type check ('array') failed"],
    [
      acl,
      [{ path: '/', roleid: 'x', type: 'user', ugid: 'a@b', z: 1 }],
      '[0].z: property is not defined',
    ],
    [operation('PUT /access/acl'), 'x', "data: type check ('null') failed - value is not null"],
    [
      operation('GET /access/users/{userid}'),
      { tokens: { lab: { privsep: 'x' } } },
      "tokens.lab.privsep: type check ('boolean')",
    ],
  ])('do not hold otherwise (%#)', (each, data, fault) => {
    expect(checkReturns(each, data).join('\n')).toContain(fault)
  })
})
