// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * The named formats of texts. A fault ends with a line break as the vendor's do. Formats that are not here hold for any text.
 *
 * Source: pve-common, `PVE/JSONSchema`, and pve-access-control, `PVE/AccessControl`, of 9.x: names, expressions, wording.
 */
import { isAddress, isCidr, isCidrIn, isIp, isIpv4Config, isIpv6Config } from './addresses.ts'
import { splitList } from './lists.ts'

interface Format {
  readonly holds: (text: string) => boolean
  readonly fault: (text: string) => string
}

const LABEL = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?'
const REALM = '[A-Za-z][A-Za-z0-9._-]+'
const VOLUME = '[a-zA-Z][a-zA-Z0-9._-]*[a-zA-Z0-9]:.+'
const WEEKDAYS = '(?:mon|tue|wed|thu|fri|sat|sun)'
const CONTENT = '(?:images|rootdir|vztmpl|iso|backup|snippets|import|none)'
const STORAGE = '[a-z][a-z0-9._-]*[a-z0-9]'
const EMAIL = /^[\w+!~-]+(?:\.[\w+!~-]+)*@[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)*$/
const USER = new RegExp(`^[^\\s:/]+@${REALM}$`)

const looksWrong = (what: string) => (): string => `value does not look like a valid ${what}`

/** Formats that are one expression. */
function matching(pattern: string | RegExp, fault: Format['fault']): Format {
  const expression = typeof pattern === 'string' ? new RegExp(`^(?:${pattern})$`) : pattern
  return { holds: (text) => expression.test(text), fault }
}

const FORMATS: Readonly<Record<string, Format>> = {
  CIDR: { holds: isCidr, fault: looksWrong('CIDR network') },
  CIDRv4: { holds: (text) => isCidrIn(text, 4), fault: looksWrong('IPv4 network') },
  CIDRv6: { holds: (text) => isCidrIn(text, 6), fault: looksWrong('IPv6 network') },
  address: {
    holds: isAddress,
    fault: (text) => `value does not look like a valid address: ${text}`,
  },
  'disk-size': matching(
    /^\d+(?:\.\d+)?[KMGT]?$/,
    (text) => `value does not look like a valid disk size: ${text}`,
  ),
  'dns-name': matching(`${LABEL}(?:\\.${LABEL})*`, looksWrong('DNS name')),
  email: matching(EMAIL, looksWrong('email address')),
  'email-or-username': {
    holds: (text) => EMAIL.test(text) || USER.test(text),
    fault: looksWrong('email address or user name'),
  },
  ip: { holds: (text) => isIp(text), fault: looksWrong('IP address') },
  ipv4: { holds: (text) => isIp(text, 4), fault: looksWrong('IPv4 address') },
  ipv6: { holds: (text) => isIp(text, 6), fault: looksWrong('IPv6 address') },
  'lxc-ip-with-ll-iface': {
    holds: (text) => isIp(text) || isIp(text.replace(/%[\w.:-]+$/, ''), 6),
    fault: looksWrong('IP address'),
  },
  'mac-addr': matching(
    /^[a-f0-9][02468ace](?::[a-f0-9]{2}){5}$/i,
    looksWrong('unicast MAC address'),
  ),
  'mac-prefix': matching(
    /^[a-f0-9][02468ace](?::[a-f0-9]{2}){0,2}:?$/i,
    looksWrong('unicast MAC address prefix'),
  ),
  'pve-bridge-id': matching('[-_.\\w\\d]+', (text) => `invalid bridge ID '${text}'`),
  'pve-configid': matching(/^[a-z][a-z0-9_-]+$/i, (text) => `invalid configuration ID '${text}'`),
  'pve-day-of-week': matching(
    WEEKDAYS,
    (text) => `value '${text}' does not look like a valid day of week`,
  ),
  'pve-groupid': matching(
    '[A-Za-z0-9._-]+',
    (text) => `group name '${text}' contains invalid characters`,
  ),
  'pve-ha-group-node': matching(`${LABEL}(?::\\d+)?`, looksWrong('ha group node')),
  'pve-ha-node': matching(`${LABEL}(?::\\d+)?`, looksWrong('ha node')),
  'pve-ha-resource-id': matching('(?:vm|ct):\\d+', looksWrong('ha resource id')),
  'pve-ha-resource-or-vm-id': matching('(?:(?:vm|ct):)?\\d+', looksWrong('ha resource id')),
  'pve-iface': matching(
    /^[a-z][a-z0-9_]{1,20}(?:[:.]\d+)?$/i,
    (text) => `invalid network interface name '${text}'`,
  ),
  'pve-ipv4-config': { holds: isIpv4Config, fault: looksWrong('ipv4 network configuration') },
  'pve-ipv6-config': { holds: isIpv6Config, fault: looksWrong('ipv6 network configuration') },
  'pve-node': matching(LABEL, looksWrong('node name')),
  'pve-poolid': matching(
    '[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+){0,2}',
    (text) => `pool name '${text}' contains invalid characters`,
  ),
  'pve-priv': matching('[A-Za-z]+(?:\\.[A-Za-z]+){1,2}', (text) => `invalid privilege '${text}'`),
  'pve-qm-bootdisk': matching(
    '(?:ide|sata|scsi|virtio|net|usb|hostpci)\\d+',
    (text) => `invalid boot disk '${text}'`,
  ),
  'pve-realm': matching(REALM, looksWrong('realm')),
  'pve-roleid': matching(
    '[A-Za-z0-9._-]+',
    (text) => `role ID '${text}' contains invalid characters`,
  ),
  'pve-startup-order': matching(
    '(?:order=)?\\d+(?:,(?:up|down)=\\d+)*|(?:up|down)=\\d+(?:,(?:(?:order|up|down)=)?\\d+)*',
    () => 'unable to parse startup options',
  ),
  'pve-storage-content': matching(CONTENT, (text) => `invalid content type '${text}'`),
  'pve-storage-id': matching(
    new RegExp(`^${STORAGE}$`, 'i'),
    (text) => `storage ID '${text}' contains illegal characters`,
  ),
  'pve-storage-path': matching(
    '/.*',
    (text) => `value does not look like a valid absolute path '${text}'`,
  ),
  'pve-tag': matching('[a-zA-Z0-9_][a-zA-Z0-9_+.-]*', () => 'invalid characters in tag'),
  'pve-task-status-type': matching(
    'ok|error|warning|unknown',
    (text) => `unknown status type '${text}'`,
  ),
  'pve-tokenid': matching(
    `[^\\s:/]+@${REALM}!${REALM}`,
    (text) => `value '${text}' does not look like a valid token ID`,
  ),
  'pve-userid': { holds: (text) => USER.test(text) && text.length <= 64, fault: userFault },
  'pve-vmid': matching(/^[1-9][0-9]{2,8}$/, looksWrong('VM ID')),
  'pve-volume-id': matching(VOLUME, (text) => `unable to parse volume ID '${text}'`),
  'pve-volume-id-or-absolute-path': matching(
    `${VOLUME}|/.*`,
    (text) => `unable to parse volume ID '${text}'`,
  ),
  'pve-volume-id-or-qm-path': matching(
    `none|cdrom|/.*|${VOLUME}`,
    (text) => `unable to parse volume filename '${text}'`,
  ),
  'storage-pair': matching(
    new RegExp(`^(?:1|${STORAGE}(?::${STORAGE})?)$`, 'i'),
    looksWrong('storage pair'),
  ),
  urlencoded: matching("[-%a-zA-Z0-9_.!~*'()]*", () => 'invalid urlencoded string'),
}

function userFault(text: string): string {
  if (text.length < 3) return `user name '${text}' is too short`
  if (text.length > 64) return `user name '${text}' is too long (${text.length} > 64)`
  return `value '${text}' does not look like a valid user name`
}

/** What is wrong with a text of a format; `-list` and `-opt` behind a name mean several of them and one or none. */
export function formatFault(format: string, text: string): string | undefined {
  const [, base = format, form] = /^(.*)-(list|opt)$/.exec(format) ?? []
  if (form === 'opt' && text === '') return undefined
  const own = FORMATS[base]
  const texts = form === 'list' ? splitList(text) : [text]
  const wrong = texts.find((each) => own?.holds(each) === false)
  return wrong === undefined || own === undefined ? undefined : `${own.fault(wrong)}\n`
}
