// SPDX-License-Identifier: Apache-2.0
/** The keys of one SSH host out of a file in the form of known_hosts. */
import { createHmac } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { parseKnownHostLine } from '@sallyport/core/plugins'
import { CodedError } from '@sallyport/sdk'

const SSH_PORT = 22

/** A host as SSH addresses it. */
export interface SshHost {
  readonly host: string
  readonly port: number
}

/**
 * Keys in SSH wire format, base64, of the lines that name the host, or of those that name none.
 *
 * Throws: ERR_BINDING_FORM, also when no line is of this host.
 */
export async function readHostKeys(path: string, at: SshHost): Promise<string[]> {
  const text = await readFile(path, 'utf8')
  const lines = text.split('\n').flatMap((line) => parseLine(line.trim(), at) ?? [])
  const own = lines.filter(
    ({ hosts }) => hosts.length === 0 || hosts.some((name) => names(name, at)),
  )
  if (own.length > 0) return [...new Set(own.map(({ publicKey }) => publicKey))]
  const port = at.port === SSH_PORT ? '' : `-p ${at.port} `
  throw new CodedError('ERR_BINDING_FORM', `no line of ${path} is about ${at.host}`, {
    details: {
      'to get one': `ssh-keyscan ${port}${at.host}, compared with what the host itself shows`,
    },
  })
}

/** A line of another host may be anything; one of this host that is revoked or of another kind must be looked at. */
function parseLine(line: string, at: SshHost): ReturnType<typeof parseKnownHostLine> {
  try {
    return parseKnownHostLine(line)
  } catch (error) {
    const [first = '', second = ''] = line.split(/\s+/)
    const hosts = (first.startsWith('@') ? second : first).split(',')
    if (hosts.some((name) => names(name, at))) throw error
    return undefined
  }
}

/** Source: sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"; a hashed name is `|1|salt|HMAC-SHA1 of the name`. */
function names(written: string, { host, port }: SshHost): boolean {
  const name = port === SSH_PORT ? host : `[${host}]:${port}`
  const [empty, version, salt = '', hash = ''] = written.split('|')
  if (empty !== '' || version !== '1') return written.toLowerCase() === name.toLowerCase()
  const hashed = createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64')
  return hashed === hash
}
