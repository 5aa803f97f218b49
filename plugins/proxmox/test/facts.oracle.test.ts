// SPDX-License-Identifier: GPL-3.0-or-later
/** Facts of the vendor that are in the code: privileges and roles, formats of texts, names of tasks. */
import { expect, it } from '@jest/globals'
import { describeOracle, oracle } from '../../../test/support/oracle.ts'
import { builtInRoles, privilegesOf } from '../src/simulator/access-roles.ts'
import { checkParams, operationsOf, type RawParams } from '../src/simulator/schema/index.ts'
import { formatFault } from '../src/simulator/schema/formats.ts'
import { parseUpid } from '../src/upid.ts'

interface Rights {
  readonly privileges: readonly string[]
  readonly roles: Readonly<Record<string, readonly string[]>>
}

describeOracle('privileges', oracle<Rights>('pve/pve-privileges-roles-9.1.json'), (vendor) => {
  it.each(['9.1', '9.2'] as const)('of %s are the vendor’s', (version) => {
    expect([...privilegesOf(version)].sort()).toEqual([...vendor.privileges].sort())
  })

  it.each(['9.1', '9.2'] as const)('of the built-in roles of %s are the vendor’s', (version) => {
    const { Administrator, ...roles } = builtInRoles(version)
    const sorted = Object.fromEntries(
      Object.entries(roles).map(([role, privileges]) => [role, [...privileges].sort()]),
    )
    expect(sorted).toEqual(vendor.roles)
    expect([...Administrator!].sort()).toEqual([...vendor.privileges].sort())
  })
})

interface Tasks {
  readonly pve: {
    readonly valid: readonly {
      readonly upid: string
      readonly decoded: Readonly<Record<string, unknown>>
    }[]
    readonly invalid: readonly string[]
  }
}

describeOracle(
  'names of tasks',
  oracle<Tasks>('pve/upid-and-task-status-vectors.json'),
  ({ pve }) => {
    it.each(pve.valid)('reads $upid', ({ upid, decoded }) => {
      const { startTime, text, ...rest } = parseUpid(upid)
      expect({ ...rest, starttime: startTime }).toEqual(decoded)
      expect(text).toBe(upid)
    })

    it.each(pve.invalid)('refuses %s', (upid) => {
      expect(() => parseUpid(upid)).toThrowCode('ERR_PVE_UPID')
    })
  },
)

interface Http {
  readonly verificationErrors: readonly string[]
}

describeOracle('errors of parameters', oracle<Http>('pve/pve-http-contract.json'), (vendor) => {
  const { all } = operationsOf('9.2')
  const raw: RawParams = {
    node: 'pve1',
    vmid: '1000000000',
    cores: '0',
    onboot: 'yes',
    bios: 'x',
    bootdisk: 'x',
    name: '-x',
    digest: 'x'.repeat(41),
    force: '1',
    colour: 'red',
  }
  const name = 'PUT /nodes/{node}/qemu/{vmid}/config'
  const long = { userid: 'ada@pve', password: 'x' }
  const checks = [
    checkParams(all.get(name)!, raw),
    checkParams(all.get(name)!, {}),
    checkParams(all.get('PUT /access/password')!, long),
  ]
  const texts = checks
    .flatMap((checked) => ('errors' in checked ? Object.values(checked.errors) : []))
    .flatMap((text) => text.split('\\n'))

  const expressions = vendor.verificationErrors.map((wording) => {
    const escaped = wording.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/<[^>]*>/g, '[^]+')
    return [wording, new RegExp(`^${escaped}$`)] as const
  })

  it.each(expressions)('are worded as the vendor’s: %s', (_, expression) => {
    expect(texts.some((text) => expression.test(text))).toBe(true)
  })

  it('have no other wording', () => {
    const isKnown = (text: string): boolean => expressions.some(([, each]) => each.test(text))
    expect(texts.filter((text) => !isKnown(text))).toEqual([])
  })
})

interface Formats {
  readonly formats: Readonly<Record<string, string>>
}

describeOracle('formats', oracle<Formats>('pve/pve-formats.json'), ({ formats }) => {
  /** Texts that come close to one format or another. */
  const SAMPLES = [
    ...['100', '99', '0100', '999999999', '1000000000', 'abc', 'a', 'ab', 'a-b', 'a_b', '-a', 'a-'],
    ...['A1', '1a', 'pve1', 'pve-1', 'pve.1', 'a.b', 'local-lvm', 'local.', 'x y', '', 'vmbr0'],
    ...['eth0:1', 'eth0.100', 'e', 'eno1np0', '%20', "it's(a)*~!", 'ssh-rsa%20AAAA', 'a+b', 'ä'],
  ]

  const expressions = Object.entries(formats).flatMap(([format, text]) => {
    const [, pattern] = /(\^\S*\$)(?: \(case-insensitive\)| \(cloud.*|$)/.exec(text) ?? []
    if (pattern === undefined || format === 'dns-name') return []
    const isAnyCase = text.includes('case-insensitive')
    return [[format, new RegExp(pattern, isAnyCase ? 'i' : '')] as const]
  })

  it('are told as expressions', () => {
    expect(expressions.map(([format]) => format).sort()).toEqual([
      'pve-bridge-id',
      'pve-configid',
      'pve-iface',
      'pve-node',
      'pve-storage-id',
      'pve-vmid',
      'urlencoded',
    ])
  })

  it.each(expressions)('%s holds for the same texts as the vendor’s', (format, expression) => {
    const ours = SAMPLES.filter((text) => formatFault(format, text) === undefined)
    expect(ours).toEqual(SAMPLES.filter((text) => expression.test(text)))
  })
})
