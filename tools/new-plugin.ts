// SPDX-License-Identifier: Apache-2.0
/** `npm run new:plugin <name>`: a plugin that passes its contract at once, from `cli/plugin-template`. */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CodedError, isCodedError } from '@sallyport/sdk'
import {
  TEMPLATE,
  copyTemplate,
  expectPluginName,
  type TemplateWords,
} from '../cli/src/authoring/plugin-template.ts'
import { repositoryRoot, write } from './generated.ts'
import { pluginFiles } from './write-manifests.ts'

/** What a plugin of the workspace has beside what every plugin has. */
const WORKSPACE = join(repositoryRoot, 'tools/plugin-template')
const PLUGINS = join(repositoryRoot, 'plugins')
const PROJECT = join(repositoryRoot, 'tsconfig.build.json')

/** Makes the folder of a plugin. Throws: ERR_PLUGIN_NAME, ERR_PLUGIN_EXISTS; nothing is written then. */
async function makePlugin(name: string): Promise<void> {
  expectFreeName(name)
  // Built under another name and renamed at the end, so that a half-made plugin is never in the workspace.
  const draft = join(PLUGINS, `.new-${name}`)
  try {
    await copyTemplate([join(TEMPLATE, 'every'), WORKSPACE], draft, wordsFor(name))
    for (const file of await pluginFiles(repositoryRoot, `plugins/.new-${name}`)) write(file)
    renameSync(draft, join(PLUGINS, name))
  } catch (error) {
    rmSync(draft, { recursive: true, force: true })
    throw error
  }
  addToBuild(name)
}

function expectFreeName(name: string): void {
  expectPluginName(name)
  if (existsSync(join(PLUGINS, name))) {
    throw new CodedError('ERR_PLUGIN_EXISTS', `plugins/${name} exists already; choose another name`)
  }
}

function wordsFor(name: string): TemplateWords {
  const { version, devDependencies } = JSON.parse(
    readFileSync(join(repositoryRoot, 'sdk/package.json'), 'utf8'),
  ) as { version: string; devDependencies: { zod: string } }
  return { name, sdk: version, zod: devDependencies.zod, runner: '@jest/globals' }
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
