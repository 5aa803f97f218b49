// SPDX-License-Identifier: Apache-2.0
/** docs/cli.md names every command, format and exit code there is, and shows only command lines that can be typed. */
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { commonFlags } from '../src/base-command.ts'
import { COMMANDS, COMMAND_FILES, commandIdOf, loadCommands } from '../src/command-table.ts'
import { EXIT } from '../src/output/exit-codes.ts'
import { ROOT } from './support/program.ts'

const SOURCES = join(ROOT, 'cli', 'src')

let reference: string
beforeAll(async () => {
  reference = await readFile(join(ROOT, 'docs', 'cli.md'), 'utf8')
  await loadCommands(Object.keys(COMMAND_FILES))
})

/** Every `format` that the sources print. */
async function printedFormats(): Promise<string[]> {
  const names = (await readdir(SOURCES, { recursive: true })).filter((name) => name.endsWith('.ts'))
  const texts = await Promise.all(names.map((name) => readFile(join(SOURCES, name), 'utf8')))
  const formats = texts.flatMap((text) => text.match(/sallyport\.[a-z-]+\/\d+/g) ?? [])
  return [...new Set(formats)].toSorted()
}

describe('the reference', () => {
  it('has a row for every command, and for no other', () => {
    const rows = [
      ...reference.matchAll(/^\| `([a-z]+(?: [a-z]+(?:-[a-z]+)*)?)(?: [[<-][^`]*)?` \|/gm),
    ].map(([, name]) => name!)
    const ids = Object.keys(COMMAND_FILES).map((id) => id.replace(':', ' '))
    expect(rows.toSorted()).toEqual(ids.toSorted())
  })

  it('has a row for every format that is printed, and for no other', async () => {
    const rows = [...reference.matchAll(/^\| `(sallyport\.[^`]+)` \|/gm)].map(
      ([, format]) => format!,
    )
    expect(rows.toSorted()).toEqual(await printedFormats())
  })

  it('has a row for every exit code, and for no other', () => {
    const rows = [...reference.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code))
    expect(rows).toEqual(Object.values(EXIT))
  })

  it('shows only commands and flags that there are', () => {
    const lines = [...reference.matchAll(/^sallyport ([^#\n]+)/gm)].map(([, line]) =>
      line!.trim().split(' '),
    )
    expect(lines.length).toBeGreaterThan(8)
    for (const words of lines) {
      const id = commandIdOf(words)
      expect(`${words.join(' ')}: ${id}`).not.toContain('undefined')
      const known = Object.keys({ ...commonFlags, ...COMMANDS[id!]!.flags }).map(
        (name) => `--${name}`,
      )
      for (const word of words.filter((each) => each.startsWith('--')))
        expect(known).toContain(word)
    }
  })
})
