// SPDX-License-Identifier: GPL-3.0-or-later
/** Property strings as configuration files keep them: `virtio=BC:24:11:00:00:01,bridge=vmbr0`. */

/** The parts of a property string in their order; a part without `=` has the key `''`. */
export type Properties = Map<string, string>

/** Takes a property string apart. */
export function parseProperties(text: string): Properties {
  const parts: Properties = new Map()
  for (const part of text.split(',')) {
    const at = part.indexOf('=')
    if (at < 0) parts.set('', part)
    else parts.set(part.slice(0, at), part.slice(at + 1))
  }
  return parts
}

/** Puts the parts together again. */
export function printProperties(parts: Properties): string {
  return [...parts].map(([key, value]) => (key === '' ? value : `${key}=${value}`)).join(',')
}

/** The same property string with some parts set, or taken out where the value is undefined. */
export function withProperties(
  text: string,
  changes: Readonly<Record<string, string | undefined>>,
): string {
  const parts = parseProperties(text)
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) parts.delete(key)
    else parts.set(key, value)
  }
  return printProperties(parts)
}

/** Whether a truth value inside a property string is set. */
export function isSet(value: string | number | undefined): boolean {
  return ['1', 'on', 'yes', 'true'].includes(String(value))
}
