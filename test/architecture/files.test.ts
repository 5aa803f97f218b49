// SPDX-License-Identifier: Apache-2.0
/** Every file says its licence and has a name that says what is in it. */
import { describe, expect, it } from '@jest/globals'
import { basename } from 'node:path'
import { filesBelow, textOf } from './tree.ts'

const files = filesBelow()
const code = files.filter((path) => /\.(ts|js|cjs|mjs)$/.test(path))
const scripts = files.filter((path) => /(^|\/)bin\/[^.]+$|^\.ci\/run$|\.sh$/.test(path))

/** Source: ADR 0006, "Decision". */
const licenceOf = (path: string): string =>
  path.startsWith('plugins/proxmox/') ? 'GPL-3.0-or-later' : 'Apache-2.0'

describe('every file of code', () => {
  it('has its licence on the first line, or below #!', () => {
    const unmarked = [...code, ...scripts].filter((path) => {
      const [first = '', second = ''] = textOf(path).split('\n')
      const line = first.startsWith('#!') ? second : first
      return line.replace(/^(\/\/|#) /, '') !== `SPDX-License-Identifier: ${licenceOf(path)}`
    })
    expect(unmarked).toEqual([])
  })

  it('says in one comment what it is', () => {
    const silent = code.filter((path) => {
      const [, after = ''] = textOf(path).split(/SPDX-License-Identifier: .*\n/)
      return !/^\/\*\*|^\/\/ /.test(after)
    })
    expect(silent).toEqual([])
  })

  it('has a name in kebab-case', () => {
    const odd = code.filter(
      (path) =>
        !/^\.?[a-z0-9]+(-[a-z0-9]+)*(\.(test|test-d|oracle|config|d))*\.\w+$/.test(basename(path)),
    )
    expect(odd).toEqual([])
  })

  it('is named after what it does, not after being useful', () => {
    expect(code.filter((path) => /\b(utils?|helpers?|common|misc|shared)\b/.test(path))).toEqual([])
  })
})
