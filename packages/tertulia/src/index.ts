/**
 * Durable sessions over any transport.
 *
 * @module
 */

export { type ErrorCode, ProtocolError, SessionError } from "./pure/errors.ts";
