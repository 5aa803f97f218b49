// SPDX-License-Identifier: Apache-2.0
/**
 * The reference of permission kinds, `docs/permission-kinds.md`: the SDK's constructors and handles with their comments,
 * each example in an operator's words, and the bounds that an agent enforces.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runInNewContext } from 'node:vm'
import { Permission as PermissionForm } from '@sallyport/core/protocol'
import * as sdk from '@sallyport/sdk'
import type { Permission } from '@sallyport/sdk'
import ts from 'typescript'
import { z } from 'zod'
import { repositoryRoot, type Generated } from './generated.ts'

const PERMISSIONS = 'sdk/src/permission.ts'
const HANDLES = 'sdk/src/handles.ts'

const HEAD = `# Kinds of permission

Written by \`npm run docs\` from the SDK and from the form that agents take. Left of the colon in \`permissions\` stands the name
of the handle, right of it one of these. [plugin-guide.md](plugin-guide.md) says how to use them.
`

/** The page as it should stand in the repository. */
export function kindsPage(): Generated {
  const constructors = source(PERMISSIONS)
  const sections = kindsOf(constructors).map(({ kind, handle }) =>
    section(kind, handle, constructors),
  )
  const route = documented(constructors, 'route')
  const extra = `## Constraints of a route\n\n${route.text}\n\n\`\`\`ts\n${route.example}\n\`\`\`\n\n${constraints(constructors)}\n`
  const routes = `## Routes\n\n${routesText(constructors)}\n`
  return { path: 'docs/permission-kinds.md', text: [HEAD, ...sections, routes, extra].join('\n') }
}

/** The members of \`PermissionKinds\`: each kind with the type of its handle. */
function kindsOf(file: ts.SourceFile): { kind: string; handle: string }[] {
  const kinds = file.statements.find(
    (each) => ts.isInterfaceDeclaration(each) && each.name.text === 'PermissionKinds',
  ) as ts.InterfaceDeclaration
  return kinds.members.filter(ts.isPropertySignature).map((member) => {
    const { members } = member.type as ts.TypeLiteralNode
    const handle = members.find((each) => each.name?.getText(file) === 'handle')
    return {
      kind: (member.name as ts.Identifier | ts.StringLiteral).text,
      handle: (handle as ts.PropertySignature).type!.getText(file),
    }
  })
}

function section(kind: string, handle: string, constructors: ts.SourceFile): string {
  const { text, example } = documented(constructors, kind)
  const sample = PermissionForm.parse(runInNewContext(example, { ...sdk })) as Permission
  return [
    `## \`${kind}\``,
    '',
    text,
    '',
    '```ts',
    example,
    '```',
    '',
    `An operator reads: ${sdk.describePermission(sample)}.`,
    '',
    handleText(handle),
    '',
    '| part | an agent takes |',
    '| --- | --- |',
    ...boundsOf(kind).map(([name, bound]) => `| \`${name}\` | ${bound} |`),
    '',
  ].join('\n')
}

/** Comment and example of a constructor, or of a member of \`files\`. */
function documented(file: ts.SourceFile, name: string): { text: string; example: string } {
  const last = name.split('.').at(-1)!
  let found: ts.Node | undefined
  const visit = (node: ts.Node): void => {
    const isNamed = ts.isFunctionDeclaration(node) || ts.isPropertyAssignment(node)
    if (isNamed && node.name?.getText(file) === last && commentOf(node) !== undefined)
      found ??= node
    node.forEachChild(visit)
  }
  visit(file)
  const comment = found === undefined ? undefined : commentOf(found)
  if (comment === undefined) throw new Error(`${PERMISSIONS} has no comment on ${name}`)
  const example = comment.tags?.find(({ tagName }) => tagName.text === 'example')
  return { text: commentText(comment.comment), example: commentText(example?.comment) }
}

/** The handle's methods with their comments. */
function handleText(name: string): string {
  const file = source(HANDLES)
  const handle = file.statements.find(
    (each) => ts.isInterfaceDeclaration(each) && each.name.text === name,
  ) as ts.InterfaceDeclaration
  const rows = handle.members.map((member) => {
    const text = member.getText(file).replace(/\s+/g, ' ')
    return `- \`${text}\`${after(commentText(commentOf(member)?.comment))}`
  })
  return [`The handle. ${commentText(commentOf(handle)?.comment)}`, '', ...rows].join('\n')
}

function after(text: string): string {
  return text === '' ? '' : `: ${text}`
}

/** What a field of a query or a body may be held to, as the SDK writes it. */
function constraints(file: ts.SourceFile): string {
  const alias = file.statements.find(
    (each) => ts.isTypeAliasDeclaration(each) && each.name.text === 'Constraint',
  ) as ts.TypeAliasDeclaration
  return `${commentText(commentOf(alias)?.comment)}\n\n\`\`\`ts\n${alias.getText(file)}\n\`\`\``
}

/** What a route may be, as the SDK says it. */
function routesText(file: ts.SourceFile): string {
  const scope = file.statements.find(
    (each) => ts.isInterfaceDeclaration(each) && each.name.text === 'RouteScope',
  )
  return commentText(scope === undefined ? undefined : commentOf(scope)?.comment)
}

interface Bound {
  readonly type?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly minimum?: number
  readonly maximum?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly maxLength?: number
  readonly pattern?: string
  readonly items?: Bound
  readonly anyOf?: readonly Bound[]
  readonly properties?: Readonly<Record<string, Bound>>
}

/** The parts of a kind, each with its bounds in words. */
function boundsOf(kind: string): [name: string, bound: string][] {
  const form = z.toJSONSchema(PermissionForm) as {
    oneOf?: readonly Bound[]
    anyOf?: readonly Bound[]
  }
  const options = form.oneOf ?? form.anyOf ?? []
  const own = options.find(({ properties }) => properties?.['kind']?.const === kind)
  return Object.entries(own?.properties ?? {})
    .filter(([name]) => name !== 'kind')
    .map(([name, bound]) => [name, words(bound)])
}

function words(bound: Bound): string {
  const { enum: values, type, items } = bound
  if (values !== undefined) return values.map((value) => `\`${String(value)}\``).join(' or ')
  if (type === 'array')
    return `${range(bound.minItems, bound.maxItems)} of them${items === undefined ? '' : itemWords(items)}`
  if (type === 'integer') return `an integer ${range(bound.minimum, bound.maximum)}`
  if (type === 'string') return textWords(bound)
  return 'as above'
}

function itemWords(items: Bound): string {
  const longest = Math.max(0, ...(items.anyOf ?? [items]).map(({ maxLength = 0 }) => maxLength))
  return longest === 0 ? '' : `, each at most ${count(longest)} characters`
}

function textWords({ maxLength, pattern }: Bound): string {
  if (maxLength !== undefined) return `at most ${count(maxLength)} characters`
  return pattern === undefined
    ? 'a text'
    : `a text that matches \`${pattern.replaceAll('|', '\\|')}\``
}

function range(min: number | undefined, max: number | undefined): string {
  return min === undefined ? `up to ${count(max ?? 0)}` : `${count(min)} to ${count(max ?? 0)}`
}

function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',')
}

function commentOf(node: ts.Node): ts.JSDoc | undefined {
  return ts.getJSDocCommentsAndTags(node).findLast(ts.isJSDoc)
}

function commentText(comment: ts.JSDoc['comment']): string {
  return (ts.getTextOfJSDocComment(comment) ?? '').trim()
}

function source(path: string): ts.SourceFile {
  const text = readFileSync(join(repositoryRoot, path), 'utf8')
  return ts.createSourceFile(path, text, ts.ScriptTarget.ES2024, true)
}
