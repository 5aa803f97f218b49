// SPDX-License-Identifier: Apache-2.0
/** The plugin manifest and the bundle: the one file that is approved by its digest and fed to the sandbox. */
import { CodedError, HANDLE_NAME, JOB_NAME, PLUGIN_NAME } from '@sallyport/sdk'
import type {
  JobManifest as AuthoredJobManifest,
  PluginManifest as AuthoredManifest,
} from '@sallyport/sdk'
import { z } from 'zod'
import { describeIssue } from './codec.ts'
import { encodeJson, parseJson } from './json.ts'
import { Line, Permission, resourcesNamedBy } from './permission.ts'
import { policyInputOf } from './policy-input.ts'
import { Digest, JsonObject, PartName, Version } from './primitives.ts'

/** Size of a bundle file. */
export const MAX_BUNDLE_BYTES = 8_192 * 1_024

/**
 * Values in a bundle, those inside other values as well; far more than any manifest has.
 *
 * Why: the form is checked value by value, and a file with a million of them is only made to cost.
 */
const MAX_BUNDLE_VALUES = 32_768

/** Parts every bundle has. */
export const REQUIRED_PARTS = ['plugin.mjs', 'licenses.txt'] as const

/** One job type of a manifest. */
export const JobManifest = z
  .strictObject({
    summary: Line.max(512),
    effect: z.enum(['read', 'change', 'destroy']),
    input: JsonObject,
    output: JsonObject,
    resources: z.record(z.string().regex(HANDLE_NAME), z.string().min(1).max(64)),
    /** Why a default: plugins from before policies have none. */
    policyInputs: z.array(z.string().min(1).max(64)).max(64).default([]),
    permissions: z.record(z.string().regex(HANDLE_NAME), Permission),
    limits: z.strictObject({
      perMinute: z.int().min(1).max(6_000),
      timeoutMs: z.int().min(1).max(86_400_000),
      maxOutputBytes: z.int().min(1).max(1_048_576),
    }),
    hasPlan: z.boolean(),
    hasResume: z.boolean(),
    hasVerify: z.boolean(),
  })
  .superRefine(refuseUnknownResources)
  .superRefine(refuseUnfitPolicyInputs) satisfies z.ZodType<AuthoredJobManifest>
/** The type the SDK gives to authors; the schema above must fit it. */
export type JobManifest = AuthoredJobManifest

/** A plugin as plain data, as its bundle carries it. */
export const PluginManifest = z.strictObject({
  name: z.string().regex(PLUGIN_NAME),
  version: Version,
  summary: Line.max(512),
  jobs: z.record(z.string().regex(JOB_NAME), JobManifest),
}) satisfies z.ZodType<AuthoredManifest>
/** The type the SDK gives to authors; the schema above must fit it. */
export type PluginManifest = AuthoredManifest

/** One part of a bundle: its text and the SHA-256 of its UTF-8 bytes. */
export const BundlePart = z.strictObject({ digest: Digest, text: z.string() })
export type BundlePart = z.infer<typeof BundlePart>

/** A bundle. Its digest, the one an approval names, is the SHA-256 of the whole file. */
export const Bundle = z.strictObject({
  format: z.literal('sallyport-bundle-1'),
  manifest: PluginManifest,
  parts: z
    .record(PartName, BundlePart)
    .refine(
      (parts) => REQUIRED_PARTS.every((name) => Object.hasOwn(parts, name)),
      'a part is missing',
    ),
})
/** A bundle as its schema yields it. */
export interface Bundle {
  readonly format: 'sallyport-bundle-1'
  readonly manifest: PluginManifest
  readonly parts: Readonly<Record<string, BundlePart>>
}

/**
 * Reads a bundle file.
 *
 * Trust: form only. Whether these are the approved bytes is decided by the digest of the file before this is called;
 * `openBundle` in crypto does both and compares the digest of each part.
 * Throws: ERR_BUNDLE_FORM, ERR_JSON_SIZE, ERR_JSON_FORM, ERR_JSON_DUPLICATE_KEY.
 */
export function parseBundle(bytes: Uint8Array): Bundle {
  const parsed = parseJson(bytes, MAX_BUNDLE_BYTES, MAX_BUNDLE_VALUES)
  return checkShape(Bundle, parsed, 'ERR_BUNDLE_FORM')
}

/** Writes a bundle file as canonical JSON. Throws: ERR_BUNDLE_FORM, ERR_JSON_SIZE. */
export function encodeBundle(bundle: Bundle): Uint8Array {
  const bytes = encodeJson(checkShape(Bundle, bundle, 'ERR_BUNDLE_FORM'))
  if (bytes.length > MAX_BUNDLE_BYTES) {
    throw new CodedError('ERR_JSON_SIZE', `a bundle may have ${MAX_BUNDLE_BYTES} bytes`, {
      details: { maxBytes: MAX_BUNDLE_BYTES },
    })
  }
  return bytes
}

/** Checks a manifest that has been parsed already. Throws: ERR_MANIFEST_FORM. */
export function parseManifest(value: unknown): PluginManifest {
  return checkShape(PluginManifest, value, 'ERR_MANIFEST_FORM')
}

function checkShape<T>(schema: z.ZodType<T>, value: unknown, code: string): T {
  const checked = schema.safeParse(value)
  if (checked.success) return checked.data
  const { path, why } = describeIssue(checked.error)
  throw new CodedError(code, `${path || 'root'}: ${why}`, { details: { path, why } })
}

/** Why: a resource that no field of the input names, or a route that names no resource, would silently reach nothing. */
function refuseUnknownResources(job: AuthoredJobManifest, context: z.RefinementCtx): void {
  const properties = (job.input['properties'] ?? {}) as Record<string, unknown>
  for (const [name, field] of Object.entries(job.resources)) {
    if (Object.hasOwn(properties, field)) continue
    context.addIssue({ code: 'custom', path: ['resources', name], message: `no field ${field}` })
  }
  for (const [handle, permission] of Object.entries(job.permissions)) {
    for (const name of resourcesNamedBy(permission)) {
      if (Object.hasOwn(job.resources, name)) continue
      const path = ['permissions', handle]
      context.addIssue({ code: 'custom', path, message: `no resource ${name}` })
    }
  }
}

/** Why: a rule about an input that is not there, or that has no one type, could never be told right. */
function refuseUnfitPolicyInputs(job: AuthoredJobManifest, context: z.RefinementCtx): void {
  for (const [at, name] of job.policyInputs.entries()) {
    const isTwin = job.policyInputs.indexOf(name) !== at
    if (!isTwin && policyInputOf(job, name) !== undefined) continue
    const message = isTwin ? `${name} stands twice` : `${name} is nothing that a policy can compare`
    context.addIssue({ code: 'custom', path: ['policyInputs', at], message })
  }
}
