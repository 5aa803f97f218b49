// SPDX-License-Identifier: Apache-2.0
/** A small lawful repository in a temporary folder: the real package.json files, an empty entry behind every export. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { repositoryRoot, textOf } from './tree.ts'

const PACKAGES = ['sdk', 'core', 'hub', 'agent', 'cli', 'plugins/sensors']
const VENDORS = [
  '@cedar-policy/cedar-wasm',
  '@cfworker/json-schema',
  '@noble/curves',
  '@standard-schema/spec',
  'croner',
  'jose',
  'not-declared',
  'reflect-metadata',
  'tsyringe',
  'undici',
  'zod',
]

interface PackageFile {
  name: string
  exports: Record<string, string | { '@sallyport/source': string }>
}

/** A tree on disk that goes away at the end of its scope. */
export interface FixtureTree extends Disposable {
  readonly root: string
  /** Adds or replaces a file. */
  write(path: string, text: string): void
}

/** Lays the tree out. */
export function makeFixtureTree(): FixtureTree {
  const root = mkdtempSync(join(tmpdir(), 'sallyport-rules-'))
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  for (const file of ['package.json', 'tsconfig.json', 'tsconfig.base.json']) {
    cpSync(join(repositoryRoot, file), join(root, file))
  }
  for (const folder of PACKAGES) addPackage(root, folder, write)
  for (const name of VENDORS) addVendor(name, write)
  for (const folder of ['test', 'tools']) write(`${folder}/lawful.ts`, 'export const lawful = 1\n')
  return { root, write, [Symbol.dispose]: () => rmSync(root, { recursive: true }) }
}

function addPackage(root: string, folder: string, write: FixtureTree['write']): void {
  const text = textOf(`${folder}/package.json`)
  const { name, exports } = JSON.parse(text) as PackageFile
  write(`${folder}/package.json`, text)
  for (const target of Object.values(exports)) {
    if (typeof target === 'string') continue
    write(join(folder, target['@sallyport/source']), 'export const entry = 1\n')
  }
  const link = join(root, 'node_modules', name)
  mkdirSync(dirname(link), { recursive: true })
  symlinkSync(join(root, folder), link)
}

function addVendor(name: string, write: FixtureTree['write']): void {
  const manifest = { name, version: '1.0.0', type: 'module', main: 'index.js', types: 'index.d.ts' }
  write(`node_modules/${name}/package.json`, JSON.stringify(manifest))
  write(`node_modules/${name}/index.js`, 'export const vendor = 1\n')
  write(`node_modules/${name}/index.d.ts`, 'export declare const vendor: 1\n')
}
