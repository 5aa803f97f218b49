// SPDX-License-Identifier: GPL-3.0-or-later
/** Which privilege each key of a configuration takes, and which keys change only with a restart. */
import type { SimGuest } from '../world.ts'
import { isDiskKey, isUnusedKey } from './disks.ts'

/** Only `root@pam` itself may set such a key. */
export const ROOT_ONLY = 'root'

const QEMU_KEYS: Readonly<Record<string, string>> = {
  'VM.Config.CPU': 'affinity cores cpu cpulimit cpuunits numa smp sockets vcpus',
  'VM.Config.Memory': 'allow-ksm balloon memory shares',
  'VM.Config.Cloudinit':
    'cicustom cipassword citype ciupgrade ciuser nameserver searchdomain sshkeys',
  'VM.Config.HWType':
    'acpi amd-sev arch audio0 hotplug intel-tdx keyboard kvm machine rng0 scsihw smbios1 tablet tdf vga watchdog',
  'VM.Config.Options':
    'agent autostart bios boot bootdisk cdrom description freeze localtime migrate_downtime migrate_speed name ' +
    'onboot ostype protection reboot spice_enhancements startdate startup tags template vmgenid vmstatestorage',
  [ROOT_ONLY]: 'args hookscript hugepages ivshmem keephugepages lock',
}
const QEMU_PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/^net\d+$/, 'VM.Config.Network'],
  [/^ipconfig\d+$/, 'VM.Config.Network'],
  [/^numa\d+$/, 'VM.Config.CPU'],
  [/^(?:serial|parallel|usb|hostpci|virtiofs)\d+$/, 'VM.Config.HWType'],
]
const LXC_KEYS: Readonly<Record<string, string>> = {
  'VM.Config.CPU': 'cores cpulimit cpuunits',
  'VM.Config.Memory': 'memory swap',
  'VM.Config.Network': 'hostname nameserver searchdomain',
  'VM.Config.Options':
    'arch cmode console debug description entrypoint env features onboot ostype protection startup tags template ' +
    'timezone tty unprivileged',
  [ROOT_ONLY]: 'hookscript lock',
}
const LXC_PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/^net\d+$/, 'VM.Config.Network'],
  [/^dev\d+$/, ROOT_ONLY],
]

const QEMU_LIVE =
  /^(?:name|description|onboot|autostart|tags|protection|startup|shares|hookscript|lock|hotplug|migrate_\w+|vmstatestorage|cpulimit|cpuunits|net\d+|unused\d+|(?:ide|sata|scsi|virtio)\d+)$/
const LXC_WAITING =
  /^(?:arch|ostype|features|tty|console|cmode|debug|entrypoint|env|unprivileged|dev\d+)$/

/** The privilege that a key takes on the guest, `root` when only root@pam may set it; undefined for an unknown key. */
export function privilegeOf(
  type: SimGuest['type'],
  key: string,
  value: string,
): string | undefined {
  if (isDiskKey(type, key)) return isCdrom(type, value) ? 'VM.Config.CDROM' : 'VM.Config.Disk'
  if (isUnusedKey(key)) return 'VM.Config.Disk'
  const table = type === 'qemu' ? QEMU_KEYS : LXC_KEYS
  const row = Object.entries(table).find(([, keys]) => keys.split(' ').includes(key))
  const patterns = type === 'qemu' ? QEMU_PATTERNS : LXC_PATTERNS
  return row?.[0] ?? patterns.find(([pattern]) => pattern.test(key))?.[1]
}

/** Whether a change of this key takes effect while the guest runs. */
export function takesEffectLive(type: SimGuest['type'], key: string): boolean {
  return type === 'qemu' ? QEMU_LIVE.test(key) : !LXC_WAITING.test(key)
}

function isCdrom(type: SimGuest['type'], value: string): boolean {
  return type === 'qemu' && /(?:^|,)media=cdrom(?:,|$)/.test(value)
}
