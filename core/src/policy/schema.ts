// SPDX-License-Identifier: Apache-2.0
/** The Cedar schema of a site, made from the manifests of its approved plugins: who, what, where, and what is known of each job. */
import type { JobManifest, PluginManifest } from '@sallyport/sdk'
import {
  GUEST_RESOURCES,
  NODE_RESOURCES,
  policyInputOf,
  type PolicyInput,
} from '../protocol/index.ts'
import type { SchemaJson } from './cedar.ts'
import { NAMESPACE, groupsOf } from './questions.ts'

/** A Cedar schema as data. */
export type PolicySchema = SchemaJson<string>
type Namespace = PolicySchema[string]
type Action = Namespace['actions'][string]
type Attribute = NonNullable<NonNullable<Action['appliesTo']>['context']> & { required?: boolean }

const PRINCIPALS = ['Operator', 'Customer', 'Guest', 'Schedule']
const EFFECTS = ['read', 'change', 'destroy']
const TEXT = { type: 'String' } as const
const NUMBER = { type: 'Long' } as const
const TEXTS = { type: 'Set', element: TEXT } as const

const ENTITY_TYPES: Namespace['entityTypes'] = {
  Site: {},
  Agent: { memberOfTypes: ['Site'] },
  Node: { memberOfTypes: ['Agent'] },
  Guest: { memberOfTypes: ['Node', 'Agent'] },
  Operator: {},
  Customer: {},
  Schedule: {},
}

/** Makes the schema of these plugins, each by its name once. */
export function makePolicySchema(manifests: readonly PluginManifest[]): PolicySchema {
  const groups = [...EFFECTS, ...manifests.map(({ name }) => `${name}/*`)]
  const jobs = manifests.flatMap((manifest) =>
    Object.entries(manifest.jobs).map(([name, job]) => {
      const jobType = `${manifest.name}/${name}`
      return [jobType, actionOf(jobType, job)] as const
    }),
  )
  const actions = Object.fromEntries([...groups.map((group) => [group, {}] as const), ...jobs])
  return { [NAMESPACE]: { entityTypes: ENTITY_TYPES, actions } }
}

function actionOf(jobType: string, job: JobManifest): Action {
  return {
    memberOf: groupsOf(jobType, job.effect).map((id) => ({ id })),
    appliesTo: {
      principalTypes: PRINCIPALS,
      resourceTypes: resourceTypesOf(job),
      context: recordOf({
        step: TEXT,
        signers: TEXTS,
        operatorCount: NUMBER,
        customerCount: NUMBER,
        now: recordOf({
          hour: NUMBER,
          weekday: TEXT,
          at: { type: 'Extension', name: 'datetime' },
        }),
        resources: recordOf(
          Object.fromEntries(Object.keys(job.resources).map((name) => [name, TEXTS])),
        ),
        input: recordOf(inputsOf(job)),
      }),
    },
  }
}

/** What a job may be asked of: a guest where it must name one, else also what comes next when it does not. */
function resourceTypesOf({ resources, input }: JobManifest): string[] {
  const required: unknown = input['required']
  const isSure = (names: readonly string[]): boolean =>
    names.some(
      (name) =>
        Object.hasOwn(resources, name) &&
        Array.isArray(required) &&
        required.includes(resources[name]),
    )
  const isThere = (names: readonly string[]): boolean =>
    names.some((name) => Object.hasOwn(resources, name))
  if (isSure(GUEST_RESOURCES)) return ['Guest']
  const guest = isThere(GUEST_RESOURCES) ? ['Guest'] : []
  if (isSure(NODE_RESOURCES)) return [...guest, 'Node']
  return [...guest, ...(isThere(NODE_RESOURCES) ? ['Node'] : []), 'Agent']
}

function inputsOf(job: JobManifest): Record<string, Attribute> {
  return Object.fromEntries(
    job.policyInputs.flatMap((name) => {
      const known = policyInputOf(job, name)
      return known === undefined ? [] : [[name, attributeOf(known)] as const]
    }),
  )
}

function attributeOf({ type, isList, isAlwaysThere }: PolicyInput): Attribute {
  const plain = { type }
  const whole: Attribute = isList ? { type: 'Set', element: plain } : plain
  return { ...whole, required: isAlwaysThere }
}

function recordOf(attributes: Readonly<Record<string, Attribute>>): Attribute {
  return { type: 'Record', attributes }
}
