// SPDX-License-Identifier: Apache-2.0
/** What the SDK asks of a schema library: Standard Schema with its JSON Schema half. zod 4 has both. */
import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec'

/**
 * A schema that validates values and can print itself as JSON Schema.
 *
 * Source: Standard Schema v1, "StandardSchemaV1" and "StandardJSONSchemaV1".
 */
export interface Schema<Input = unknown, Output = Input> {
  readonly '~standard': StandardSchemaV1.Props<Input, Output> &
    StandardJSONSchemaV1.Props<Input, Output>
}

/** The type a schema accepts. */
export type InputOf<S extends Schema> = StandardSchemaV1.InferInput<S>

/** The type a schema yields. */
export type OutputOf<S extends Schema> = StandardSchemaV1.InferOutput<S>

/** A JSON Schema document, draft 2020-12. */
export type JsonSchema = Readonly<Record<string, unknown>>
