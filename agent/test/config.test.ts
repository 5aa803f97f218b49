// SPDX-License-Identifier: Apache-2.0
/** What an agent is started with. */
import { describe, expect, it } from '@jest/globals'
import { readConfig } from '../src/config.ts'

describe('the configuration', () => {
  it('prefers flags to the environment, and the environment to defaults', () => {
    const env = { SALLYPORT_HOME: '/srv/sallyport', SALLYPORT_PASSPHRASE_FILE: '/run/pass' }
    expect(readConfig([], env)).toMatchObject({
      stateDir: '/srv/sallyport/agent',
      passphraseFile: '/run/pass',
      logLevel: 'info',
    })
    expect(readConfig(['--state-dir', '/var/lib/a', '--log-level', 'debug'], env)).toMatchObject({
      stateDir: '/var/lib/a',
      logLevel: 'debug',
    })
  })

  it('takes no flag it does not know', () => {
    expect(() => readConfig(['--insecure'], {})).toThrowCode('ERR_PARSE_ARGS_UNKNOWN_OPTION')
  })
})
