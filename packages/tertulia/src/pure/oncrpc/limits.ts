/**
 * What a peer can make us hold or do, and why each bound is what it is.
 *
 * @module
 */

/** The bounds of one XDR structure. Each can be set; none can be switched off. */
export interface XdrLimits {
  /** Octets of one opaque or string. Default 4 MiB: a record is not longer either. */
  readonly octetsMax: number;
  /** Elements of one array or linked list. Default 1,048,576: a record of 4 MiB has no more words. */
  readonly itemsMax: number;
  /** Nesting of types that contain themselves. Default 256: deep for data, shallow for the stack. */
  readonly depthMax: number;
  /**
   * Whether residual octets have to be zero, as RFC 4506 3 says. Default true; false is for peers
   * that send what was in their buffer.
   */
  readonly zeroPadding: boolean;
}

/** The limits in force where none are given; each with its reason in {@link XdrLimits}. */
export const XDR_LIMITS: XdrLimits = {
  octetsMax: 4 * 1024 * 1024,
  itemsMax: 1024 * 1024,
  depthMax: 256,
  zeroPadding: true,
};

/** The bounds of one message on a stream, RFC 5531 11. */
export interface RecordLimits {
  /**
   * Octets of all fragments of a record together. Default 4 MiB: NFS's usual largest write is
   * 1 MiB, and the header word of a hostile peer may say 2 GiB.
   */
  readonly recordMax: number;
  /**
   * Fragments of a record. Default 65,536 and not less, because libtirpc accepts one octet a
   * fragment; empty fragments cost nothing to send and must not be free for ever.
   */
  readonly fragmentsMax: number;
}

export const RECORD_LIMITS: RecordLimits = { recordMax: 4 * 1024 * 1024, fragmentsMax: 65_536 };
