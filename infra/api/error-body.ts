// The JSON of an error that no function answers. Pure.

/**
 * Who makes it does not know who asks: it is in the words of OAuth (RFC 6749 §5.2), and in those that AWS SDKs read from
 * `/credentials`.
 */
export function errorBody(error: string, description: string): string {
  return JSON.stringify({ error, error_description: description, code: error, message: description });
}
