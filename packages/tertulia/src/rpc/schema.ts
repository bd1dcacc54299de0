/**
 * Values checked by any library of schemas that follows Standard Schema: zod, valibot, arktype, …
 *
 * @module
 */

/** What a library of schemas has to offer: https://standardschema.dev, version 1. */
export interface Schema<Input = unknown, Output = Input> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** What a schema says of a value: the value as it is to be used, or what is wrong with it. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | {
      readonly issues: readonly {
        readonly message: string;
        readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
      }[];
    };

export type InputOf<S> = S extends Schema<infer Input, unknown> ? Input : never;
export type OutputOf<S> = S extends Schema<unknown, infer Output> ? Output : never;

/** The value as the schema makes it, or the first five things that are wrong with it. */
export async function validated(
  schema: Schema,
  value: unknown,
): Promise<{ readonly value: unknown } | { readonly problem: string }> {
  const result = await schema["~standard"].validate(value);
  if (result.issues === undefined) return { value: result.value };
  const words = result.issues.slice(0, 5).map(({ message, path = [] }) => {
    const place = path.map((part) => String(typeof part === "object" ? part.key : part)).join(".");
    return place === "" ? message : `${place}: ${message}`;
  });
  return { problem: words.join("; ") };
}
