// SPDX-License-Identifier: GPL-3.0-or-later
/** Several values in one text. */
import { describe, expect, it } from '@jest/globals'
import { parsePropertyString, propertyString } from '../src/property-string.ts'

describe('a property string', () => {
  it.each([
    [{ virtio: 'BC:24:11:00:00:01', bridge: 'vmbr0', firewall: true }],
    [{ '': 'local-lvm:vm-101-disk-0', size: '8G', ssd: false }],
  ])('of %j reads as it was written', (properties) => {
    const text = propertyString(properties)
    const expected = Object.entries(properties).map(([name, value]) => {
      return [name, value === true ? '1' : value === false ? '0' : value]
    })
    expect(parsePropertyString(text)).toEqual(Object.fromEntries(expected))
  })

  it('has what bears no name first, and leaves out what is absent', () => {
    expect(propertyString({ size: '8G', '': 'local:1', ssd: undefined })).toBe('local:1,size=8G')
  })

  it.each([
    [{ bridge: 'vmbr0,link_down=1' }],
    [{ name: 'a;b' }],
    [{ name: 'a\nb' }],
    [{ name: '' }],
    [{ 'a=b': 'c' }],
  ])('cannot hold %j', (properties) => {
    expect(() => propertyString(properties)).toThrow(TypeError)
  })

  it('keeps the first of two values of one name', () => {
    expect(parsePropertyString('a=1,a=2,local:1,x')).toEqual({ a: '1', '': 'local:1' })
  })
})
