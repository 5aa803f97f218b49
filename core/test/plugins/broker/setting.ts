// SPDX-License-Identifier: Apache-2.0
/** Where a handle is opened in a test: a run of a job without resources, on an agent where nothing is bound. */
import type { Binding } from '../../../src/plugins/bindings/binding.ts'
import { findBinding } from '../../../src/plugins/bindings/find-binding.ts'
import type { HandleSetting } from '../../../src/plugins/broker/contract.ts'

/** A setting with what the case changes; `bound` is what names stand for. */
export function settingOf(
  changes: Partial<HandleSetting> = {},
  bound: Readonly<Record<string, Binding>> = {},
): HandleSetting {
  const store = { find: (_plugin: string, name: string) => bound[name] }
  return {
    pluginName: 'trial',
    jobId: 'job',
    stateDirectory: '/none',
    resources: new Map(),
    binding: (name, kind) => findBinding(store, 'trial', { name, kind }),
    ask: () => Promise.reject(new Error('nothing may be asked here')),
    step: 'run',
    over: new AbortController().signal,
    ...changes,
  }
}
