// SPDX-License-Identifier: Apache-2.0
/** How files are set: by the formatter, without a debate of its options. */
import type { OxfmtConfig } from 'oxfmt'

/** Written by tools, byte for byte. */
const GENERATED = [
  'package-lock.json',
  '**/manifest.json',
  'cli/src/proxmox/privileges.json',
  '**/vectors/',
]

/** Kept as they were recorded. */
const RECORDED = ['**/fixtures/']

/** Tables and pictures in prose are laid out by hand. */
const PROSE = ['*.md']

export default {
  semi: false,
  singleQuote: true,
  printWidth: 100,
  sortPackageJson: false,
  ignorePatterns: [...GENERATED, ...RECORDED, ...PROSE, 'dist/', 'coverage/'],
} satisfies OxfmtConfig
