// SPDX-License-Identifier: Apache-2.0
/** Tokens, factories and containers. */
import { describe, expect, it } from '@jest/globals'
import { Clock, makeContainer, once, systemClock, token } from '@sallyport/core/wiring'

interface Greeting {
  text: string
}
const Greeting = token<Greeting>('test.Greeting')

describe('wiring', () => {
  it('resolves what was registered', () => {
    const container = makeContainer()
    container.register(Clock, { useValue: { now: () => 7 } })
    container.register(Greeting, { useFactory: (c) => ({ text: `at ${c.resolve(Clock).now()}` }) })
    expect(container.resolve(Greeting).text).toBe('at 7')
  })

  it('runs a once factory one time', () => {
    const container = makeContainer()
    container.register(Greeting, { useFactory: once(() => ({ text: 'hello' })) })
    expect(container.resolve(Greeting)).toBe(container.resolve(Greeting))
  })

  it('runs a plain factory every time', () => {
    const container = makeContainer()
    container.register(Greeting, { useFactory: () => ({ text: 'hello' }) })
    expect(container.resolve(Greeting)).not.toBe(container.resolve(Greeting))
  })

  it('keeps two containers apart', () => {
    const container = makeContainer()
    container.register(Clock, { useValue: systemClock })
    expect(() => makeContainer().resolve(Clock)).toThrow(/unregistered/i)
  })

  it('refuses a value of the wrong type at compile time', () => {
    const container = makeContainer()
    // @ts-expect-error a number is no clock
    container.register(Clock, { useValue: 7 })
    expect(container.resolve(Clock)).toBe(7)
  })
})
