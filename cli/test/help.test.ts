// SPDX-License-Identifier: Apache-2.0
/** The help names every command, flag and example. */
import { beforeAll, describe, expect, it } from '@jest/globals'
import { COMMANDS, COMMAND_FILES, TOPICS, commandIdOf, loadCommands } from '../src/command-table.ts'
import { commonFlags } from '../src/base-command.ts'
import { run } from './support/program.ts'

const ids = Object.keys(COMMAND_FILES)

interface Example {
  readonly description: string
  readonly command: string
}

beforeAll(() => loadCommands(ids))

describe('the help', () => {
  it.each(ids)('of %s has a summary and examples', (id) => {
    const command = COMMANDS[id]!
    expect(command.summary).toMatch(/^[A-Z].{10,100}[^.]$/)
    expect((command.examples as Example[]).length).toBeGreaterThan(1)
  })

  it.each(ids)('of %s shows only examples that name this command and flags it has', (id) => {
    const command = COMMANDS[id]!
    const flags = { ...commonFlags, ...command.flags } as Record<string, { char?: string }>
    const known = Object.entries(flags).flatMap(([name, { char }]) => [
      `--${name}`,
      `--no-${name}`,
      `-${char}`,
    ])
    for (const { command: line } of command.examples as Example[]) {
      const [program, ...words] = line.split(' ')
      expect(program).toBe('sallyport')
      expect(commandIdOf(words)).toBe(id)
      for (const word of words.filter((each) => /^--?[a-z]/.test(each)))
        expect(known).toContain(word)
    }
  })

  it('says every flag in one line that is no sentence', () => {
    for (const id of ids) {
      for (const [name, flag] of Object.entries({ ...commonFlags, ...COMMANDS[id]!.flags })) {
        expect(`${id} --${name}: ${flag.summary}`).toMatch(/: [A-Z].{3,100}[^.]$/)
      }
    }
  })

  it('lists every topic and command, on stdout, without an error', async () => {
    const ended = await run(['--help'])
    expect(ended).toMatchObject({ exitCode: 0, stderr: '' })
    for (const topic of Object.keys(TOPICS)) expect(ended.stdout).toContain(`  ${topic}`)
    for (const command of ['init', 'doctor', 'demo']) expect(ended.stdout).toContain(`  ${command}`)
  })

  it('of a topic lists its commands', async () => {
    const ended = await run(['job'])
    expect(ended).toMatchObject({ exitCode: 0, stderr: '' })
    for (const verb of ['list', 'run', 'show', 'watch'])
      expect(ended.stdout).toContain(`job ${verb}`)
  })

  it('of a command shows usage, flags and examples', async () => {
    const ended = await run(['job', 'run', '--help'])
    expect(ended).toMatchObject({ exitCode: 0, stderr: '' })
    for (const part of [
      'USAGE',
      'FLAGS',
      'OPERATOR FLAGS',
      'COMMON FLAGS',
      'EXAMPLES',
      '$ sallyport job run',
    ]) {
      expect(ended.stdout).toContain(part)
    }
  })
})
