// SPDX-License-Identifier: Apache-2.0
/** The API report of the SDK, `sdk/api.md`: every exported declaration, so that a change of the public surface is a visible diff. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import ts from 'typescript'
import { repositoryRoot, type Generated } from './generated.ts'

const HEAD = `# API of @sallyport/sdk

Written by \`npm run docs\` from the emitted declarations. A changed line here is a changed promise to plugin authors.
`

interface PackageFile {
  exports: Record<string, { '@sallyport/source': string }>
}

/** A name that an entry file exports, and the file that declares it. */
interface Export {
  readonly name: string
  readonly file: string
}

/** The report as it should stand in the repository. */
export function apiReport(): Generated {
  const { exports } = JSON.parse(read('sdk/package.json')) as PackageFile
  const sections = Object.entries(exports).map(([subpath, target]) => {
    const entry = join('sdk', target['@sallyport/source'])
    return section(join('@sallyport/sdk', subpath), exportsOf(entry))
  })
  return { path: 'sdk/api.md', text: [HEAD, ...sections].join('\n') }
}

function section(specifier: string, exports: readonly Export[]): string {
  const declarations = exports
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((each) => declarationOf(each))
  return `## \`${specifier}\`\n\n\`\`\`ts\n${declarations.join('\n\n')}\n\`\`\`\n`
}

/** What an entry file exports: names it takes from other files, and names it declares. */
function exportsOf(entry: string): Export[] {
  return sourceOf(entry, read(entry)).statements.flatMap((statement) => {
    if (!ts.isExportDeclaration(statement)) {
      return namesOf(statement).map((name) => ({ name, file: entry }))
    }
    const { exportClause, moduleSpecifier } = statement
    if (exportClause === undefined || !ts.isNamedExports(exportClause) || !moduleSpecifier) {
      throw new Error(`${entry}: write each export as \`export { name } from './file.ts'\``)
    }
    const file = join(dirname(entry), (moduleSpecifier as ts.StringLiteral).text)
    return exportClause.elements.map((element) => ({ name: element.name.text, file }))
  })
}

/** The declaration that TypeScript emits for a name, without comments. */
function declarationOf({ name, file }: Export): string {
  const compilerOptions = { removeComments: true, target: ts.ScriptTarget.ES2024 }
  const emitted = ts.transpileDeclaration(read(file), { compilerOptions, fileName: file })
  const source = sourceOf(file, emitted.outputText)
  const found = source.statements.filter((statement) => namesOf(statement).includes(name))
  if (found.length === 0) throw new Error(`${file} declares no ${name}`)
  return found.map((statement) => statement.getText(source)).join('\n')
}

function namesOf(statement: ts.Statement): string[] {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map(({ name }) => name.getText())
  }
  const { name } = statement as { name?: ts.Identifier }
  return name === undefined ? [] : [name.text]
}

function sourceOf(path: string, text: string): ts.SourceFile {
  return ts.createSourceFile(path, text, ts.ScriptTarget.ES2024, true)
}

function read(path: string): string {
  return readFileSync(join(repositoryRoot, path), 'utf8')
}
