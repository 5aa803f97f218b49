// SPDX-License-Identifier: Apache-2.0
/** Whatever stands in an entry, it is one record in each form, and other programs read it as one. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AuditEntry } from '@sallyport/core/audit'
import { afterAll, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { EXPORT_FORMATS } from '../../src/audit/formats/index.ts'

const REMOTE = '/lib/systemd/systemd-journal-remote'
const OWNER = { name: 'pve1', agentId: '0193f2ab-0000-7000-8000-000000000001' }
const JOB = '0193f2ab-0000-7000-8000-0000000000aa'
const OTHER = '0193f2ab-0000-7000-8000-0000000000ab'
/** What ends a line, a cell, a string, an element, or steers a terminal. */
const LOUD =
  '\u001b[2J\r\n"},{"event":"forged"}\n\nEVENT=forged\u2028\u2029\u0085\u0000\u202e]"\\,ä'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-formats-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const at = (index: number): string => new Date(1_795_334_400_000 + index * 1_000).toISOString()
const entry = (index: number, rest: Partial<AuditEntry>): AuditEntry => ({
  index,
  at: at(index),
  event: 'run.failed',
  details: {},
  ...rest,
})

const ENTRIES: AuditEntry[] = [
  entry(0, { event: 'job.admitted', jobId: JOB, envelopeId: JOB, about: ['guest/101', 'node/a'] }),
  entry(1, {
    event: 'handle.used',
    jobId: JOB,
    envelopeId: JOB,
    details: { kind: 'ssh', outcome: 'failed', handle: 'nas', targets: [LOUD] },
  }),
  entry(2, { event: 'job.refused', envelopeId: OTHER, details: { reason: 'rate_limited' } }),
  entry(3, { jobId: OTHER, envelopeId: JOB, details: { code: 'ERR_LOUD', message: LOUD } }),
  entry(4, { event: 'agent.stopped', details: { [LOUD]: LOUD, reason: LOUD, code: '=1+1' } }),
]

type Form = keyof typeof EXPORT_FORMATS

const written = (form: Form, entries: readonly AuditEntry[]): string => {
  const { head, record } = EXPORT_FORMATS[form]
  return head + entries.map((each) => record(OWNER, each)).join('')
}

/** Source: RFC 4180, section 2. */
function parseCsv(text: string): string[][] {
  expect(text.endsWith('\r\n')).toBe(true)
  const rows: string[][] = [[]]
  const cells = /("(?:[^"]|"")*"|[^",\r\n]*)(,|\r\n)/gy
  let end = 0
  for (const [all, cell = '', by] of text.matchAll(cells)) {
    end += all.length
    rows.at(-1)!.push(cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell)
    if (by === '\r\n') rows.push([])
  }
  expect(end).toBe(text.length)
  return rows.slice(0, -1)
}

/** Source: systemd's "Journal Export Formats", fields of text only. */
function parseJournal(text: string): [string, string][][] {
  const bytes = Buffer.from(text)
  // No control character but the ends of lines, or journald would want the binary form.
  expect([...bytes].filter((byte) => byte < 32 && byte !== 10)).toEqual([])
  return text
    .split('\n\n')
    .filter((block) => block !== '')
    .map((block) =>
      block.split('\n').map((line) => {
        const [, name, value] = /^((?:__)?[A-Z][A-Z0-9_]{0,63})=(.*)$/u.exec(line)!
        return [name!, value!]
      }),
    )
}

/** Source: RFC 5424, section 6. */
function parseSyslog(text: string): { id: string; params: [string, string][]; message: string }[] {
  expect(text.endsWith('\n')).toBe(true)
  const line =
    /^<(\d{1,3})>1 (\S+) (\S+) sallyport - ([!-~]{1,32}) \[sallyport@32473((?: [a-z_]+="(?:[^"\\\]]|\\["\\\]])*")+)\] \ufeff?(.*)$/u
  return text
    .slice(0, -1)
    .split('\n')
    .map((each) => {
      const [, priority, , , id, params, message] = line.exec(each)!
      expect(Math.floor(Number(priority) / 8)).toBe(13)
      const pairs = [...params!.matchAll(/ ([a-z_]+)="((?:[^"\\\]]|\\["\\\]])*)"/g)]
      return {
        id: id!,
        params: pairs.map(([, name, value]) => [name!, value!.replace(/\\(["\\\]])/g, '$1')]),
        message: message!,
      }
    })
}

/** The index that each record says it is of. */
const INDICES: Record<Form, (text: string) => number[]> = {
  jsonl: (text) =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as AuditEntry).index),
  csv: (text) => {
    const [head, ...rows] = parseCsv(text)
    return rows.map((row) => Number(row[head!.indexOf('audit_index')]))
  },
  journal: (text) => parseJournal(text).map((fields) => Number(new Map(fields).get('AUDIT_INDEX'))),
  syslog: (text) =>
    parseSyslog(text).map(({ params }) => Number(new Map(params).get('audit_index'))),
}

describe.each(Object.keys(EXPORT_FORMATS) as Form[])('entries as %s', (form) => {
  it('are one record each, whatever stands in them', () => {
    expect(INDICES[form](written(form, ENTRIES))).toEqual([0, 1, 2, 3, 4])
  })

  it('have nothing in them that steers a terminal or ends a line anywhere', () => {
    const text = written(form, ENTRIES)
    expect(text).not.toMatch(/[\u0000-\u0009\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028-\u202e]/)
    expect(text.replaceAll('\r\n', '')).not.toContain('\r')
  })

  it('stay that for every text', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }))
    const details = fc.dictionary(fc.constantFrom('reason', 'code', 'method', 'message'), text)
    fc.assert(
      fc.property(fc.array(details, { minLength: 1, maxLength: 4 }), (all) => {
        const wellFormed = all.map((each) =>
          Object.fromEntries(Object.entries(each).map(([k, v]) => [k, v.toWellFormed()])),
        )
        const entries = wellFormed.map((each, index) => entry(index, { details: each }))
        expect(INDICES[form](written(form, entries))).toEqual(entries.map(({ index }) => index))
      }),
      { numRuns: 300 },
    )
  })
})

describe('JSON lines', () => {
  it('are the entries, whole', () => {
    const lines = written('jsonl', ENTRIES).trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line) as object)).toEqual(
      ENTRIES.map((each) => ({ agent: 'pve1', ...each })),
    )
  })
})

describe('a table', () => {
  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\uff1d1+1'])('does not calculate %s', (formula) => {
    const [head, row] = parseCsv(written('csv', [entry(0, { details: { code: formula } })]))
    expect(row![head!.indexOf('code')]).toBe(`'${formula}`)
  })

  it('has the details as the JSON that they are', () => {
    const [head, ...rows] = parseCsv(written('csv', ENTRIES))
    const details = rows.map((row) => JSON.parse(row[head!.indexOf('details')]!) as object)
    expect(details).toEqual(ENTRIES.map((each) => each.details))
  })
})

describe('lines of syslog', () => {
  it('say how grave it is, what it is and which job it belongs to', () => {
    const text = written('syslog', ENTRIES)
    const [first, ssh, refused] = parseSyslog(text)
    expect(first).toMatchObject({ id: 'job.admitted' })
    expect(first!.params).toContainEqual(['about', 'node/a'])
    expect(new Map(ssh!.params).get('corr_id')).toBe(JOB)
    expect(new Map(refused!.params).get('reason')).toBe('rate_limited')
    expect(text.split('\n').map((line) => /^<\d+>/.exec(line)?.[0])).toEqual([
      '<110>',
      '<108>',
      '<108>',
      '<108>',
      '<110>',
      undefined,
    ])
  })
})

describe('the journal', () => {
  it('has fields that journalctl matches', () => {
    const [first, ssh] = parseJournal(written('journal', ENTRIES))
    expect(first).toContainEqual(['__REALTIME_TIMESTAMP', '1795334400000000'])
    expect(first!.filter(([name]) => name === 'ABOUT')).toEqual([
      ['ABOUT', 'guest/101'],
      ['ABOUT', 'node/a'],
    ])
    expect(Object.fromEntries(ssh!)).toMatchObject({ KIND: 'ssh', OUTCOME: 'failed' })
  })

  const isThere = existsSync(REMOTE)
  const onMachine = isThere ? it : it.skip
  onMachine('answers the questions about it', () => {
    const [from, journal] = [join(folder, 'pve1.export'), join(folder, 'pve1.journal')]
    writeFileSync(from, written('journal', ENTRIES))
    execFileSync(REMOTE, ['-o', journal, from], { stdio: 'pipe' })
    const ask = (...fields: string[]): string[] => {
      const args = ['--file', journal, '--quiet', '--output', 'json', ...fields]
      const lines = execFileSync('journalctl', args).toString().split('\n')
      return lines.flatMap((line) =>
        line === '' ? [] : [(JSON.parse(line) as Record<string, string>)['AUDIT_INDEX']!],
      )
    }
    expect(ask()).toEqual(['0', '1', '2', '3', '4'])
    expect(ask('EVENT=job.admitted', '--since', '2026-11-22 07:59:00 UTC')).toEqual(['0'])
    expect(ask('KIND=ssh', 'OUTCOME=failed')).toEqual(['1'])
    expect(ask('REASON=rate_limited')).toEqual(['2'])
    expect(ask(`CORR_ID=${JOB}`)).toEqual(['0', '1', '3'])
    expect(ask('ABOUT=guest/101')).toEqual(['0'])
    expect(ask('EVENT=forged')).toEqual([])
  })
})
