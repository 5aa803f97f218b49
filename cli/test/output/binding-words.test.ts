// SPDX-License-Identifier: Apache-2.0
/** The lines that bind what a plugin needs can be typed as they are shown. */
import { connect, endpoint, files, secret, ssh } from '@sallyport/sdk'
import { approvedJobsOf } from '@sallyport/core/protocol'
import { describe, expect, it } from '@jest/globals'
import { AgentBind } from '../../src/commands/agent/bind.ts'
import { bindingLines, neededBindings } from '../../src/output/binding-words.ts'
import { manifestWith } from '../support/bundles.ts'

const permissions = {
  pve: endpoint('pve', ['GET /version']),
  again: endpoint('pve', ['GET /nodes']),
  broker: connect('broker'),
  nas: ssh('nas'),
  token: secret('token'),
  out: files.write(['@exports/*.json', '@exports/*.csv', '/plain']),
  plain: files.read('/proc/uptime'),
}

describe('the bindings a plugin needs', () => {
  const needed = neededBindings('notes', approvedJobsOf(manifestWith(permissions)))

  it('are each named once, with their kind', () => {
    expect(needed.map(({ name, kind }) => `${name} ${kind}`)).toEqual([
      'broker connect',
      'exports folder',
      'nas ssh',
      'pve endpoint',
      'token secret',
    ])
  })

  it('have lines that name the plugin, the name and flags that there are', () => {
    for (const { name, bindLine } of needed) {
      expect(bindLine).toMatch(new RegExp(`^sallyport agent bind notes ${name} --`))
      const flags = bindLine.match(/(?<=--)[a-z-]+/g)!
      for (const flag of flags) expect(Object.keys(AgentBind.flags)).toContain(flag)
    }
  })

  it('are nothing where none is needed', () => {
    expect(bindingLines([])).toEqual([])
    expect(neededBindings('notes', approvedJobsOf(manifestWith()))).toEqual([])
  })
})
