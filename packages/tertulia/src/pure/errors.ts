/**
 * Every error this library throws, and the code that names each of them.
 *
 * Match on `code`, never on the message or the class: messages may be reworded in any release,
 * and `instanceof` fails when two copies of the library are loaded.
 *
 * @module
 */

/** The stable names of everything that can go wrong. Adding one is a minor change. */
export type ErrorCode =
  /** The peer, or we, ended the session with an abort. */
  | "ERR_ABORTED"
  /** An argument or option is not what it has to be. Nothing was sent or changed. */
  | "ERR_ARGUMENT"
  /** The session, stream or transport has ended, or went away. */
  | "ERR_CLOSED"
  /** A configured limit would be exceeded. */
  | "ERR_LIMIT"
  /** The peer broke the protocol. The connection is already being aborted. */
  | "ERR_PROTOCOL"
  /** The peer answered, and said no. */
  | "ERR_REFUSED"
  /** The session could not be resumed: expired, fenced or unknown. */
  | "ERR_RESUME"
  /** The caller asked for something this state does not allow. Nothing was sent or changed. */
  | "ERR_STATE"
  /** The store could not do what was asked of it. */
  | "ERR_STORE"
  /** A deadline passed. */
  | "ERR_TIMEOUT";

/** The one error class. Subclasses exist only where they carry more fields. */
export class SessionError extends Error {
  override readonly name: string = "SessionError";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * The peer broke the protocol.
 *
 * `violation` names the rule, one name per rule, so that a test or a log line can say which.
 * `clause` is where the standard states it.
 */
export class ProtocolError extends SessionError {
  override readonly name = "ProtocolError";
  readonly violation: string;
  readonly clause: string;

  constructor(violation: string, clause: string, detail = "", options?: ErrorOptions) {
    super("ERR_PROTOCOL", `${violation} (${clause})${detail && `: ${detail}`}`, options);
    this.violation = violation;
    this.clause = clause;
  }
}

/** States what must be true if our own code is right; a peer or a caller can never make it fail. */
export function assert(condition: boolean, claim: string): asserts condition {
  if (!condition) throw new Error(`This is a bug in Tertulia: not true that ${claim}`);
}
