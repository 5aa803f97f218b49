// SPDX-License-Identifier: Apache-2.0
/** A small site to hold policies against: one plugin with four job types, one agent. */
import type { PolicyRequest } from '@sallyport/core/admission'
import { parseManifest } from '@sallyport/core/protocol'
import { DEFAULT_LIMITS } from '@sallyport/sdk'

const whole = { type: 'integer', minimum: 0, maximum: 9_007_199_254_740_991 }
const job = {
  summary: 'A job',
  output: {},
  permissions: {},
  limits: DEFAULT_LIMITS,
  hasPlan: true,
  hasResume: false,
  hasVerify: false,
}
const guest = { node: { type: 'string' }, vmid: whole }

/** The plugin of the site. */
export const farm = parseManifest({
  name: 'farm',
  version: '1.0.0',
  summary: 'A farm',
  jobs: {
    look: {
      ...job,
      effect: 'read',
      input: { type: 'object', properties: {} },
      resources: {},
      policyInputs: [],
    },
    'guest.grow': {
      ...job,
      effect: 'change',
      input: {
        type: 'object',
        properties: {
          ...guest,
          cores: whole,
          label: { type: 'string' },
          tags: { type: 'array', items: { type: 'string' } },
          isHot: { type: 'boolean', default: true },
        },
        required: ['node', 'vmid'],
      },
      resources: { node: 'node', vmid: 'vmid' },
      policyInputs: ['cores', 'label', 'tags', 'isHot'],
    },
    'guest.copy': {
      ...job,
      effect: 'change',
      input: {
        type: 'object',
        properties: {
          ...guest,
          newid: whole,
          target: { type: 'string' },
          pool: { type: 'string' },
        },
        required: ['node', 'vmid', 'newid'],
      },
      resources: { node: 'node', vmid: 'vmid', newid: 'newid', target: 'target', pool: 'pool' },
      policyInputs: [],
    },
    'guest.delete': {
      ...job,
      effect: 'destroy',
      input: { type: 'object', properties: guest, required: ['node', 'vmid'] },
      resources: { node: 'node', vmid: 'vmid' },
      policyInputs: [],
    },
    'node.stop': {
      ...job,
      effect: 'change',
      input: {
        type: 'object',
        properties: { nodes: { type: 'array', items: { type: 'string' } } },
        required: ['nodes'],
      },
      resources: { node: 'nodes' },
      policyInputs: [],
    },
  },
})

/** Where the policies are asked. */
export const place = { agentName: 'pve1', siteName: 'home' }

/** Saturday. */
export const NOON = Date.parse('2026-11-21T12:30:00.000Z')

/** A request: ann wants to grow guest 101, unless told otherwise. */
export function requestOf(changed: Partial<PolicyRequest> = {}): PolicyRequest {
  const jobType = changed.jobType ?? 'farm/guest.grow'
  return {
    principal: { kind: 'Operator', name: 'ann' },
    jobType,
    job: farm.jobs[jobType.slice('farm/'.length)]!,
    input: { node: 'pve1', vmid: 101, cores: 2 },
    step: 'run',
    signers: [{ name: 'ann', role: 'operator' }],
    nowMs: NOON,
    ...changed,
  }
}
