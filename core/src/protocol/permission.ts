// SPDX-License-Identifier: Apache-2.0
/** The kinds of permission as an agent takes them: exactly these members, or the manifest is refused. */
import { HANDLE_NAME, fieldScopeFaults, parseRoute, resourcesOfRoute } from '@sallyport/sdk'
import type {
  Constraint as AuthoredConstraint,
  Permission as AuthoredPermission,
  RouteScope as AuthoredRoute,
} from '@sallyport/sdk'
import { z } from 'zod'
import { JobTypeName } from './primitives.ts'

/** What an operator reads on a terminal before approving: no control, format or line-breaking characters. */
export const Line = z.string().regex(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$/u, 'not one plain line')

/** The name of a binding, which the operator gives a meaning on each agent. */
export const BindingName = z.string().regex(HANDLE_NAME, 'not the name of a binding')

/** An absolute path, or a glob of one, that names what it seems to name. */
const AbsolutePath = Line.min(2)
  .max(512)
  .regex(/^\//, 'not absolute')
  .refine(hasPlainSegments, 'has an empty, . or .. segment')

/** The same below a bound folder: `@name/…`. */
const BoundPath = Line.min(4)
  .max(512)
  .regex(/^@[a-z][A-Za-z0-9]{0,31}\//, 'not below a bound folder')
  .refine(hasPlainSegments, 'has an empty, . or .. segment')

const Paths = z
  .array(z.union([AbsolutePath, BoundPath]))
  .min(1)
  .max(64)

const Pattern = Line.min(1).max(512).refine(isPattern, 'not a pattern')

const ArgumentShape = z.union([Line.max(1_024), z.strictObject({ pattern: Pattern })])

const Plain = z.union([Line.max(512), z.number(), z.boolean()])
const required = { required: z.exactOptional(z.boolean()) }

/** What one field may hold. */
const Constraint = z.union([
  z.strictObject({ equals: z.union([Plain, z.null()]), ...required }),
  z.strictObject({ oneOf: z.array(Plain).min(1).max(64), ...required }),
  z.strictObject({ min: z.exactOptional(z.number()), max: z.number(), ...required }),
  z.strictObject({ min: z.number(), ...required }),
  z.strictObject({ pattern: Pattern, ...required }),
  z.strictObject({ resource: BindingName, ...required }),
  z.strictObject({ forbidden: z.literal(true), ...required }),
]) satisfies z.ZodType<AuthoredConstraint>

const FieldScope = z
  .strictObject({
    fields: z.record(Line.min(1).max(256), Constraint),
    others: z.enum(['allowed', 'forbidden']),
  })
  .superRefine((scope, context) => {
    for (const message of fieldScopeFaults(scope)) context.addIssue({ code: 'custom', message })
  })

const RouteScope = z.strictObject({
  route: Line.min(5).max(512).superRefine(refuseOtherThanRoute),
  query: z.exactOptional(FieldScope),
  body: z.exactOptional(FieldScope),
}) satisfies z.ZodType<AuthoredRoute>

/** One permission. An unknown kind or member is refused, never ignored. */
export const Permission = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('ask'),
    jobTypes: z.array(JobTypeName).min(1).max(64),
    where: z.enum(['here', 'host']),
  }),
  z.strictObject({ kind: z.literal('connect'), binding: BindingName }),
  z.strictObject({
    kind: z.literal('endpoint'),
    binding: BindingName,
    routes: z.array(RouteScope).min(1).max(256),
    timeoutMs: z.int().min(1).max(3_600_000),
    maxBodyBytes: z.int().min(0).max(1_048_576),
    maxAnswerBytes: z.int().min(1).max(1_073_741_824),
  }),
  z.strictObject({
    kind: z.literal('exec'),
    program: AbsolutePath,
    args: z.array(ArgumentShape).max(64),
    timeoutMs: z.int().min(1).max(3_600_000),
    maxOutputBytes: z.int().min(1).max(16_777_216),
  }),
  z.strictObject({ kind: z.literal('files.read'), paths: Paths }),
  z.strictObject({
    kind: z.literal('files.write'),
    paths: Paths,
    maxBytes: z.int().min(1).max(16_777_216),
  }),
  z.strictObject({ kind: z.literal('secret'), binding: BindingName }),
  z.strictObject({ kind: z.literal('ssh'), binding: BindingName }),
  z.strictObject({ kind: z.literal('state'), maxBytes: z.int().min(1).max(16_777_216) }),
]) satisfies z.ZodType<AuthoredPermission>

/** Names of the resources that a permission's routes and constraints are bound to. */
export function resourcesNamedBy(permission: AuthoredPermission): string[] {
  if (permission.kind !== 'endpoint') return []
  return permission.routes.flatMap(({ route, query, body }) => [
    ...resourcesOfRoute(parseRoute(route)),
    ...[query, body].flatMap((scope) =>
      Object.values(scope?.fields ?? {}).flatMap((constraint) =>
        'resource' in constraint ? [constraint.resource] : [],
      ),
    ),
  ])
}

/** Names of the bindings that a permission needs, each with the kind of thing it must stand for. */
export function bindingsNamedBy(
  permission: AuthoredPermission,
): { name: string; kind: BindingKind }[] {
  switch (permission.kind) {
    case 'connect':
    case 'endpoint':
    case 'secret':
    case 'ssh':
      return [{ name: permission.binding, kind: permission.kind }]
    case 'files.read':
    case 'files.write':
      return permission.paths
        .filter((path) => path.startsWith('@'))
        .map((path) => ({ name: path.slice(1, path.indexOf('/')), kind: 'folder' }))
    default:
      return []
  }
}

/** What a binding can stand for. */
export type BindingKind = 'connect' | 'endpoint' | 'folder' | 'secret' | 'ssh'

/** Why from the second segment on: the first is empty, or the name of a bound folder. */
function hasPlainSegments(path: string): boolean {
  return path
    .split('/')
    .slice(1)
    .every((segment) => segment !== '' && segment !== '.' && segment !== '..')
}

/** Refuses what has no meaning as a route, with the reason. */
function refuseOtherThanRoute(text: string, context: z.RefinementCtx): void {
  try {
    parseRoute(text)
  } catch (error) {
    const { message } = error as Error
    // Nothing that is checked later may meet what is no route.
    context.addIssue({ code: 'custom', message, continue: false })
  }
}

/** Alone, so that no pattern closes the group that is later put around it. */
function isPattern(source: string): boolean {
  try {
    return new RegExp(source, 'u') !== undefined
  } catch {
    return false
  }
}
