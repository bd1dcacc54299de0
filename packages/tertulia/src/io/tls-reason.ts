/**
 * Why TLS failed, in words for people.
 *
 * @module
 */

/** OpenSSL's reason, which Node has beside a message that names places in OpenSSL's source. */
export function tlsReason(error: Error): string {
  return "library" in error && "reason" in error ? String(error.reason) : error.message.trimEnd();
}
