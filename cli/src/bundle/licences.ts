// SPDX-License-Identifier: Apache-2.0
/** The licence texts of everything inside a bundle, as one file that goes with it. */
import { licenceTexts } from './packages.ts'
import type { PackageOf } from './packages.ts'

const RULE = '-'.repeat(78)

/** `licenses.txt`: each package with its stated licence and its texts, in the order given. */
export async function licencesFile(packages: readonly PackageOf[]): Promise<string> {
  const sections = await Promise.all(packages.map(section))
  return `${sections.join(`\n${RULE}\n\n`)}`
}

async function section(each: PackageOf): Promise<string> {
  const texts = (await licenceTexts(each)).map((text) =>
    text.replace(/\r\n?/g, '\n').replace(/^\n+/, '').trimEnd(),
  )
  const stated = each.license === '' ? 'no licence is stated' : each.license
  const body = texts.length > 0 ? texts.join(`\n\n`) : 'The package carries no licence text.'
  return `${each.name} ${each.version}: ${stated}\n\n${body}\n`
}
