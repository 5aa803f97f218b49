// SPDX-License-Identifier: GPL-3.0-or-later
/** Lists in one text, as parameters with a `-list` format are. */

/** The parts of a list: if there is a NUL, it separates; else commas, semicolons and white space do. */
export function splitList(text: string): string[] {
  const parts = text.includes('\0') ? text.split('\0') : text.trim().split(/[,;\s]+/)
  return parts.filter((part) => part !== '')
}
