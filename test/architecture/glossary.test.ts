// SPDX-License-Identifier: Apache-2.0
/** One word for one thing: identifiers and comments of the product do not use the words the glossary replaces. */
import { describe, expect, it } from '@jest/globals'
import ts from 'typescript'
import { filesBelow, textOf } from './tree.ts'

/** Word → what to say instead. */
const REPLACED: Readonly<Record<string, string>> = {
  admin: 'operator',
  allowlist: 'approvals file',
  blacklist: 'refusal',
  tenant: 'customer',
  daemon: 'agent',
  helper: 'what it does',
  helpers: 'what they do',
  keyring: 'trust store',
  manager: 'what it does',
  master: 'hub',
  middleware: 'admission',
  mock: 'fake or simulator',
  onboarding: 'enrolment',
  severity: 'effect',
  server: 'hub',
  sidecar: 'controller',
  slave: 'agent',
  stub: 'fake or simulator',
  user: 'operator',
  users: 'operators',
  whitelist: 'approvals file',
  worker: 'agent',
}

/** Where such a word means something else: the vocabulary of an operating system, a library or a standard. */
const ALLOWED: readonly {
  readonly path: RegExp
  readonly words: readonly string[]
  readonly why: string
}[] = [
  {
    path: /^hub\/src\/(http\/|abuse\/|metrics\/|tls\/|start-hub)/,
    words: ['server', 'user'],
    why: 'what the HTTP library and Node call who listens, and the time of a process outside the kernel',
  },
  { path: /^hub\/src\/stores\/postgres-/, words: ['user'], why: 'who logs in to a database' },
  { path: /^core\/src\/transport\//, words: ['server'], why: 'the two halves of an HTTP exchange' },
  {
    path: /^core\/src\/plugins\//,
    words: ['admin', 'server', 'user', 'users', 'worker'],
    why: 'user ids, worker threads, paths of the kernel’s documentation, and what the sandbox is tried against',
  },
  {
    path: /^(sdk\/src|agent\/src|cli\/src)\/.*(handles|ssh|bind)/,
    words: ['user'],
    why: 'whom to log in as on another machine',
  },
  { path: /^core\/src\/stores\//, words: ['user', 'users'], why: 'owners of files' },
  {
    path: /^(plugins\/proxmox|cli\/src\/proxmox|cli\/src\/work\/proxmox[^/]*)\/?/,
    words: ['admin', 'daemon', 'manager', 'master', 'server', 'user', 'users', 'worker'],
    why: 'the words of Proxmox VE',
  },
  {
    path: /^cli\/src\/(sim\/|work\/sim-)/,
    words: ['server', 'user'],
    why: 'what Node calls who listens, and who logs in at Proxmox VE',
  },
  { path: /^plugins\/sensors\/src\//, words: ['user'], why: 'fields of /proc' },
  { path: /^cli\/src\/main\.ts$/, words: ['user'], why: 'a setting of oclif' },
]

const sources = filesBelow().filter((path) => /^[^/]+(\/[^/]+)?\/src\/.*\.ts$/.test(path))

/** Identifiers and comments of a file, as one text each. */
function namesAndComments(path: string): string[] {
  const text = textOf(path)
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2024, true)
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    const children = node.getChildren(file)
    if (children.length === 0) found.push(text.slice(node.getFullStart(), node.getStart(file)))
    if (ts.isIdentifier(node)) found.push(node.text)
    for (const child of children) if (!ts.isJSDoc(child)) visit(child)
  }
  visit(file)
  return found
}

/** The words of an identifier or a comment, in lower case. */
function wordsOf(text: string): string[] {
  return (
    text
      .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
      .toLowerCase()
      .match(/[a-z]+/g) ?? []
  )
}

function isAllowed(path: string, word: string): boolean {
  return ALLOWED.some((each) => each.path.test(path) && each.words.includes(word))
}

describe('the words of the product', () => {
  it.each(sources)('%s', (path) => {
    const words = new Set(namesAndComments(path).flatMap(wordsOf))
    const wrong = [...words].filter(
      (word) => Object.hasOwn(REPLACED, word) && !isAllowed(path, word),
    )
    expect(wrong.map((word) => `"${word}" → say ${REPLACED[word]}`)).toEqual([])
  })
})

describe('the search for words', () => {
  it('finds them in identifiers and comments, not in texts', () => {
    const found = namesAndComments('test/architecture/glossary.test.ts').flatMap(wordsOf)
    expect(found).toEqual(expect.arrayContaining(['comments', 'names', 'product', 'whitelist']))
    expect(found).not.toContain(['simul', 'ator'].join(''))
  })
})
