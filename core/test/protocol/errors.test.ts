// SPDX-License-Identifier: Apache-2.0
/** Looking up what a code says. */
import { describe, expect, it } from '@jest/globals'
import { errorEntryOf } from '@sallyport/core/protocol'

describe('errorEntryOf', () => {
  it('gives meaning and remedy of a code', () => {
    expect(errorEntryOf('ERR_HUB_UNREACHABLE')?.meaning).toBe('The hub cannot be reached.')
  })

  it('gives nothing for the code of a plugin or of Node', () => {
    expect(errorEntryOf('ERR_OF_A_PLUGIN')).toBeUndefined()
    expect(errorEntryOf('toString')).toBeUndefined()
  })
})
