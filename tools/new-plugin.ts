// SPDX-License-Identifier: Apache-2.0
/** `npm run new:plugin <name>`: a plugin that passes its contract at once, from `tools/plugin-template`. */
import {
  cpSync,
  existsSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { CodedError, PLUGIN_NAME, isCodedError } from '@sallyport/sdk'
import { repositoryRoot, write } from './generated.ts'
import { pluginFiles } from './write-manifests.ts'

const TEMPLATE = join(repositoryRoot, 'tools/plugin-template')
const PLUGINS = join(repositoryRoot, 'plugins')
const PROJECT = join(repositoryRoot, 'tsconfig.build.json')

/** Makes the folder of a plugin. Throws: ERR_PLUGIN_NAME, ERR_PLUGIN_EXISTS; nothing is written then. */
async function makePlugin(name: string): Promise<void> {
  expectFreeName(name)
  // Built under another name and renamed at the end, so that a half-made plugin is never in the workspace.
  const draft = join(PLUGINS, `.new-${name}`)
  try {
    cpSync(TEMPLATE, draft, { recursive: true })
    fillIn(draft, wordsFor(name))
    for (const file of await pluginFiles(repositoryRoot, `plugins/.new-${name}`)) write(file)
    renameSync(draft, join(PLUGINS, name))
  } catch (error) {
    rmSync(draft, { recursive: true, force: true })
    throw error
  }
  addToBuild(name)
}

function expectFreeName(name: string): void {
  if (!PLUGIN_NAME.test(name)) {
    const rule = 'a lower-case letter, then at most 31 lower-case letters, digits and hyphens'
    throw new CodedError('ERR_PLUGIN_NAME', `${JSON.stringify(name)} is no plugin name: ${rule}`)
  }
  if (existsSync(join(PLUGINS, name))) {
    throw new CodedError('ERR_PLUGIN_EXISTS', `plugins/${name} exists already; choose another name`)
  }
}

/** What stands in the place of the words between double underscores. */
function wordsFor(name: string): Record<string, string> {
  const { version, devDependencies } = JSON.parse(
    readFileSync(join(repositoryRoot, 'sdk/package.json'), 'utf8'),
  ) as { version: string; devDependencies: { zod: string } }
  return { name, sdk: version, zod: devDependencies.zod }
}

function fillIn(folder: string, words: Readonly<Record<string, string>>): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const text = readFileSync(path, 'utf8')
    writeFileSync(
      path,
      text.replace(/__([a-z]+)__/g, (all, word: string) => words[word] ?? all),
    )
  }
}

/** Adds the plugin to the projects that `npm run build` emits. */
function addToBuild(name: string): void {
  const text = readFileSync(PROJECT, 'utf8')
  const line = `{ "path": "./plugins/${name}/tsconfig.build.json" }`
  writeFileSync(PROJECT, text.replace(/(\{ "path": "[^"]+" \})(\s*\])/, `$1,\n    ${line}$2`))
}

async function main(args: readonly string[]): Promise<void> {
  const [name, ...rest] = args
  if (name === undefined || rest.length > 0) {
    console.error('usage: npm run new:plugin <name>')
    process.exitCode = 2
    return
  }
  try {
    await makePlugin(name)
    console.log(nextSteps(name))
  } catch (error) {
    if (!isCodedError(error) || !error.code.startsWith('ERR_PLUGIN_')) throw error
    console.error(`error: ${error.message} (${error.code})\nNothing was written.`)
    process.exitCode = 2
  }
}

function nextSteps(name: string): string {
  return `made plugins/${name}

  plugins/${name}/src/index.ts   start here
  npm test -- plugins/${name}    its contract and its first job; they pass already
  npm run docs                   writes manifest and README anew after a change of jobs or permissions
  npm install                    links it into the workspace`
}

await main(process.argv.slice(2))
