// SPDX-License-Identifier: Apache-2.0
/** Vectors of strict JSON: the same lists for every reader. */
import { encodeBase64url, encodeJson, parseJson } from '@sallyport/core/protocol'
import { utf8 } from './parties.ts'

const MAX_BYTES = 4_096

const ACCEPTED = [
  'null',
  ' true\t\r\n',
  '""',
  '"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00é😀"',
  '"\u2028\u007f"',
  '[]',
  '{}',
  '{"b":1,"a":{"c":[],"B":2}}',
  '{"a":{"a":1},"b":{"a":1}}',
  '{"a":"a","b":"a"}',
  '{ "a" : [ "b" , "b" ] }',
  '{"toString":1,"hasOwnProperty":2,"":3}',
  '["__proto__","constructor","prototype"]',
  '{"é":1,"e":2,"😀":3,"\ufb33":4}',
  '[0,-1,1.5,1e+21,1e-7,5e-324,9007199254740992,1.7976931348623157e+308,100000000000000000000]',
  '['.repeat(32) + ']'.repeat(32),
]

const FORM = [
  ...['', ' ', '{', '}', '[1,]', '{"a":1,}', '[1 2]', '{"a" 1}', "{'a':1}", '{a:1}', '["a":1]'],
  ...[
    '01',
    '+1',
    '.5',
    '1.',
    '0x10',
    'NaN',
    'Infinity',
    '-Infinity',
    '[undefined]',
    'True',
    'nullnull',
  ],
  ...[
    '1 2',
    '{}{}',
    '/**/1',
    '"a',
    '"a\\',
    '"\\x41"',
    '"\u0000"',
    '"a\nb"',
    '\u00a01',
    '１',
    '{"a":1]',
  ],
  ...[
    '1e2',
    '100.0',
    '1.50',
    '-0',
    '9007199254740993',
    '12345678901234567890',
    '1e400',
    '1E+21',
    '1e-400',
  ],
  ...['0.1000000000000000055511151231257827', '"\\ud800"', '{"\\udc00":1}', '"\\ude00\\ud83d"'],
  ...[
    '{"__proto__":{"x":1}}',
    '{"a":[{"constructor":1}]}',
    '{"prototype":1}',
    '{"\\u005f_proto__":1}',
  ],
  '['.repeat(33) + ']'.repeat(33),
]

const DUPLICATE = [
  '{"vmid":101,"vmid":102}',
  '{"a":1,"b":2,"a":1}',
  '{"a":1,"\\u0061":2}',
  '{"é":1,"\\u00e9":2}',
  '[{"x":{"a":1,"a":1}}]',
  '{"a":{"a":1},"a":2}',
  '{"":1,"":2}',
]

const NOT_UTF8: readonly [string, Uint8Array][] = [
  ['a byte that UTF-8 has not', Uint8Array.of(0x22, 0xff, 0x22)],
  ['an overlong slash', Uint8Array.of(0x22, 0xc0, 0xaf, 0x22)],
  ['a surrogate in UTF-8', Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22)],
  ['a byte order mark', Uint8Array.of(0xef, 0xbb, 0xbf, 0x31)],
  ['UTF-16', Uint8Array.of(0x31, 0x00)],
]

/** `strict-json.json`. */
export function strictJsonVectors(): object {
  const refused = (code: string) => (text: string) => ({
    code,
    text,
    bytes: encodeBase64url(utf8(text)),
  })
  return {
    description:
      'Strict JSON. `bytes` (base64url) is what is read, `text` shows it. `canonical` is how the same value is written.',
    maxBytes: MAX_BYTES,
    accepted: ACCEPTED.map((text) => ({
      text,
      bytes: encodeBase64url(utf8(text)),
      canonical: new TextDecoder().decode(encodeJson(parseJson(utf8(text), MAX_BYTES))),
    })),
    refused: [
      ...FORM.map(refused('ERR_JSON_FORM')),
      ...NOT_UTF8.map(([text, bytes]) => ({
        code: 'ERR_JSON_FORM',
        text,
        bytes: encodeBase64url(bytes),
      })),
      ...DUPLICATE.map(refused('ERR_JSON_DUPLICATE_KEY')),
      refused('ERR_JSON_SIZE')(`"${'x'.repeat(MAX_BYTES - 1)}"`),
    ],
  }
}
