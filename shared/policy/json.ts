// JSON values as types, and the check for an object. Pure.

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;

/** Where it was parsed from signed content it has no prototype, so that `__proto__` is a name like any other. */
export interface JsonObject {
  readonly [name: string]: JsonValue;
}

/** Whether a value is a JSON object, as opposed to an array, a scalar or null. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
