// SPDX-License-Identifier: GPL-3.0-or-later
/** What the tables say once they are read: operations, schemas of values, and who may ask. */
import type { ParamValue } from '../contract.ts'

/** What a value may be. */
export type SchemaType =
  | 'string'
  | 'integer'
  | 'number'
  | 'boolean'
  | 'array'
  | 'object'
  | 'null'
  | 'any'

/** A schema in the manner of JSON Schema, as Proxmox VE uses it. */
export interface Schema {
  readonly type: SchemaType
  readonly isOptional?: true
  /** In a property string: the one whose name may be left out. */
  readonly isDefault?: true
  /** In a property string: another name for this property; with `keyAlias` the name itself is that one's value. */
  readonly alias?: string
  readonly keyAlias?: string
  readonly format?: string
  readonly values?: readonly string[]
  /** Perl's, held against the whole text. */
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  /** The property without which this one makes no sense. */
  readonly requires?: string
  /** Properties of an object, or of a string that is a list of properties. */
  readonly parts?: Readonly<Record<string, Schema>>
  /** Whether an object has no other properties. */
  readonly isClosed?: true
  /** Of an object's other properties. */
  readonly rest?: Schema
  readonly items?: Schema
}

/** Who may ask for an operation. Paths hold parameters, `/vms/{vmid}`. */
export type Permission =
  /** Anyone, without a ticket; anyone with one; `root@pam` alone. */
  | { readonly kind: 'world' | 'all' | 'root' }
  | {
      readonly kind: 'perm'
      readonly path: string
      readonly privileges: readonly string[]
      /** Whether one of the privileges is enough. */
      readonly any: boolean
      /** Holds for nobody unless this parameter is given. */
      readonly requireParam?: string
    }
  /** Who may change rights on a path. */
  | { readonly kind: 'perm-modify'; readonly path: string }
  /** The user named by the parameter `userid`: oneself, or one of a realm in which one has the privilege. */
  | { readonly kind: 'userid-param'; readonly check: string }
  /** A privilege on a group of that user; with `groupsParam` also on the groups of the parameter. */
  | {
      readonly kind: 'userid-group'
      readonly privileges: readonly string[]
      readonly groupsParam?: string
    }
  | { readonly kind: 'and' | 'or'; readonly of: readonly Permission[] }

/** One operation of the interface. */
export interface Operation {
  /** `GET /nodes/{node}/status` */
  readonly name: string
  readonly method: string
  readonly path: string
  /** Parameters of path, query and body. */
  readonly params: Readonly<Record<string, Schema>>
  /** Whether parameters that are not in the schema are taken. */
  readonly additional: boolean
  readonly permission: Permission
  /** Whether the privileged process does it. */
  readonly isProtected: boolean
  readonly allowToken: boolean
  /** The parameter that names the node which answers. */
  readonly proxyTo: string | undefined
  readonly returns: Schema
}

/** What a request leads to. */
export interface Match {
  /** `GET /nodes/{node}/status` */
  readonly operation: string
  readonly pathParams: Readonly<Record<string, string>>
}

/** All operations of one version. */
export interface Operations {
  /** By name, `GET /nodes/{node}/status`. */
  readonly all: ReadonlyMap<string, Operation>
  /** The operation at a path, of which the parts are decoded; a literal part goes before a parameter. */
  match(method: string, segments: readonly string[]): Match | undefined
}

/** A parameter as it came: from a form all are texts, from JSON they have types. */
export type RawParam = string | number | boolean | readonly (string | number | boolean)[] | null

/** Parameters as they came, of path, query and body in one. */
export type RawParams = Readonly<Record<string, RawParam | undefined>>

/** Parameters that hold, or what is wrong by parameter. */
export type Checked =
  | { readonly params: Readonly<Record<string, ParamValue>> }
  | { readonly errors: Readonly<Record<string, string>> }
