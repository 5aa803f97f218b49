// SPDX-License-Identifier: GPL-3.0-or-later
/** Property strings, `virtio=BC:24:11:00:00:01,bridge=vmbr0`: how Proxmox VE writes several values into one parameter. */

/** Values by name. The value under an empty name stands first and alone: `local-lvm:vm-101-disk-0,size=8G`. */
export type Properties = Readonly<Record<string, string | number | boolean | undefined>>

const NAME = /^[A-Za-z0-9_-]*$/

/**
 * Writes values as one text; truth values as 1 and 0, absent ones not at all.
 *
 * Throws: TypeError for a value that would read as two, which Proxmox VE has no way to write.
 *
 * @example
 * propertyString({ virtio: 'BC:24:11:00:00:01', bridge: 'vmbr0', firewall: true })
 * // 'virtio=BC:24:11:00:00:01,bridge=vmbr0,firewall=1'
 */
export function propertyString(properties: Properties): string {
  const parts: string[] = []
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined) continue
    const text = typeof value === 'boolean' ? (value ? '1' : '0') : String(value)
    if (!NAME.test(name)) throw new TypeError(`${JSON.stringify(name)} is no name of a property`)
    if (!/^[^,;\p{Cc}]+$/u.test(text)) {
      throw new TypeError(
        `the property ${JSON.stringify(name)} cannot hold ${JSON.stringify(text)}`,
      )
    }
    if (name === '') parts.unshift(text)
    else parts.push(`${name}=${text}`)
  }
  return parts.join(',')
}

/**
 * Reads such a text. What has no name stands under an empty one.
 *
 * @example
 * parsePropertyString('local-lvm:vm-101-disk-0,size=8G') // { '': 'local-lvm:vm-101-disk-0', size: '8G' }
 */
export function parsePropertyString(text: string): Readonly<Record<string, string>> {
  const entries = text
    .split(',')
    .filter((part) => part !== '')
    .map((part): [string, string] => {
      const at = part.indexOf('=')
      return at < 1 ? ['', part] : [part.slice(0, at), part.slice(at + 1)]
    })
  return Object.fromEntries(entries.toReversed())
}
