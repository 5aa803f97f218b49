// SPDX-License-Identifier: Apache-2.0
/**
 * The programs as few files instead of a thousand: what tests start hundreds of times starts in two thirds of the time.
 * Nothing else changes: each module still believes that it lies where its source does.
 */
import { build, type Plugin } from 'esbuild'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs'
import { mkdtemp, rename, rm } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const ROOT = resolve(import.meta.dirname, '../..')
/** Below node_modules, because what is left out of the files is found there. */
const CACHE = join(ROOT, 'node_modules/.cache/sallyport-programs')
const PACKAGES = ['sdk', 'core', 'hub', 'agent', 'cli']
const SOURCES = new RegExp(`^${ROOT}/(${PACKAGES.join('|')})/src/.*\\.ts$`)
/** Other runs may use theirs for so long. Units: milliseconds. */
const KEPT_MS = 3_600_000

const PROGRAMS = {
  sallyport: 'cli/src/start.ts',
  'command-table': 'cli/src/command-table.ts',
  hub: 'hub/src/main.ts',
  agent: 'agent/src/main.ts',
  sim: 'cli/src/sim/main.ts',
} as const

/** Read by path at run time, native, or never there. */
const LEFT_OUT = ['esbuild', '@cedar-policy/cedar-wasm', 'ssh2', 'pg-native', 'typescript']

/** CommonJS of libraries finds its names, and gets `require`, as in a file of its own. */
const BANNER = `import { createRequire as __requireOf } from 'node:module'
import { fileURLToPath as __pathOf } from 'node:url'
const require = __requireOf(import.meta.url), __filename = __pathOf(import.meta.url), __dirname = __pathOf(new URL('.', import.meta.url))`

/** Where a program lies, compiled from the sources as they are now. */
export async function compiledProgram(name: keyof typeof PROGRAMS): Promise<string> {
  return join(await folderOfNow(), `${name}.mjs`)
}

let ready: Promise<string> | undefined

/** Once per process: what changes during a test run is compiled by the next. */
function folderOfNow(): Promise<string> {
  ready ??= compiled()
  return ready
}

async function compiled(): Promise<string> {
  const folder = join(CACHE, stateOfSources())
  if (!existsSync(folder)) await compileInto(folder)
  const now = new Date()
  utimesSync(folder, now, now)
  return folder
}

/** Changes with every file that could get into a program. */
function stateOfSources(): string {
  const files = PACKAGES.flatMap((name) =>
    readdirSync(join(ROOT, name, 'src'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name)),
  )
  const hash = createHash('sha256')
  for (const file of [...files.toSorted(), join(ROOT, 'package-lock.json'), import.meta.filename]) {
    const { size, mtimeMs } = statSync(file)
    hash.update(`${file} ${size} ${mtimeMs}\n`)
  }
  return hash.digest('hex').slice(0, 16)
}

/** Whoever comes second throws its own away. */
async function compileInto(folder: string): Promise<void> {
  mkdirSync(CACHE, { recursive: true })
  removeOld()
  const draft = await mkdtemp(join(CACHE, 'draft-'))
  await build({
    absWorkingDir: ROOT,
    entryPoints: Object.entries(PROGRAMS).map(([out, source]) => ({ in: source, out })),
    outdir: draft,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node26',
    conditions: ['@sallyport/source'],
    external: LEFT_OUT,
    banner: { js: BANNER },
    plugins: [places(folder), leanUndici],
    logLevel: 'error',
  })
  await rename(draft, folder).catch(() => rm(draft, { recursive: true }))
}

function removeOld(): void {
  for (const name of readdirSync(CACHE)) {
    const folder = join(CACHE, name)
    if (Date.now() - statSync(folder).mtimeMs > KEPT_MS) rmSync(folder, { recursive: true })
  }
}

/** Leaves out what undici brings for the habits of browsers and for tests, which is most of what it loads. */
const leanUndici: Plugin = {
  name: 'lean-undici',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^\.\/lib\/(web|mock|interceptor|cache)\// }, ({ importer, path }) =>
      importer.endsWith('/undici/index.js') ? { path, namespace: 'left-out' } : undefined,
    )
    const contents = 'module.exports = new Proxy({}, { get: () => class LeftOut {} })'
    onLoad({ filter: /./, namespace: 'left-out' }, () => ({ contents, loader: 'js' }))
  },
}

/** Gives each module the `import.meta` of its source, by which it finds templates, texts and other programs. */
function places(folder: string): Plugin {
  const urlOf = (name: keyof typeof PROGRAMS): string =>
    pathToFileURL(join(folder, `${name}.mjs`)).href
  const programs = {
    '@sallyport/hub/main': urlOf('hub'),
    '@sallyport/agent/main': urlOf('agent'),
    'sallyport/sim': urlOf('sim'),
  }
  return {
    name: 'places',
    setup({ onLoad, onResolve }) {
      onResolve({ filter: /^sallyport:places$/ }, () => ({ path: 'places', namespace: 'places' }))
      onLoad({ filter: /^places$/, namespace: 'places' }, () => ({ contents: placesOf(programs) }))
      onLoad({ filter: SOURCES }, ({ path }) => ({
        contents: placed(path, folder),
        loader: 'ts',
      }))
    },
  }
}

const placesOf = (programs: object): string => `
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
const PROGRAMS = ${JSON.stringify(programs)}
export function metaOf(url) {
  const filename = fileURLToPath(url)
  const resolve = (name) => PROGRAMS[name] ?? import.meta.resolve(name)
  return { url, filename, dirname: dirname(filename), resolve }
}`

/** The text of a source. The library of the command line loads the table of commands by its path: the compiled one. */
function placed(path: string, folder: string): string {
  const text = readFileSync(path, 'utf8').replace(
    "'./src/command-table.ts'",
    JSON.stringify(relative(join(ROOT, 'cli'), join(folder, 'command-table.mjs'))),
  )
  if (!text.includes('import.meta')) return text
  const url = JSON.stringify(pathToFileURL(path).href)
  return `import { metaOf } from 'sallyport:places'\nconst placeOfThis = metaOf(${url})\n${text.replaceAll('import.meta', 'placeOfThis')}`
}
