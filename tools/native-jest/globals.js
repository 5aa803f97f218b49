// SPDX-License-Identifier: Apache-2.0
/** What `@jest/globals` means in a suite that Node loads; a module that several suites share always has that of the present one. */
const GLOBALS = Symbol.for('sallyport.jest.globals')

/** Passes calls and members on to what has this name in the present suite. */
function present(name) {
  const current = () => globalThis[GLOBALS][name]
  return new Proxy(() => undefined, {
    apply: (_, self, args) => Reflect.apply(current(), self, args),
    get: (_, member) => current()[member],
  })
}

export const afterAll = present('afterAll')
export const afterEach = present('afterEach')
export const beforeAll = present('beforeAll')
export const beforeEach = present('beforeEach')
export const describe = present('describe')
export const expect = present('expect')
export const it = present('it')
export const jest = present('jest')
export const test = present('test')
