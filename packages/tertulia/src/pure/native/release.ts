/**
 * How a session ends in order: both sides have said everything, and both agree.
 *
 * `FINISH` goes behind everything that was sent, `FINISHED` too; a side that has more to say may
 * refuse. The side that sent `FINISHED` last waits for its acknowledgement and says `RELEASED`; until
 * then the other stays, so that whoever does not know the end yet finds somebody to ask. The names of
 * requests and responses are X.215's. Whatever is not in the table is an error.
 *
 * @module
 */

/** The states. */
export const releaseStates = {
  open: "nobody wants to end",
  draining: "we want to end, and have things to send",
  finishing: "FINISH is sent, its answer awaited",
  asked: "the peer wants to end, our answer is awaited",
  answering: "we agree, and have things to send",
  answered: "FINISHED is sent, its acknowledgement awaited",
  crossing: "both asked at once: FINISHED is sent, the peer's awaited",
  crossed: "both have said FINISHED: the acknowledgement of ours is awaited",
  finished: "both have everything: the peer is to learn that we have",
  released: "over",
} as const;

export type ReleaseState = keyof typeof releaseStates;

/** FINISH or FINISHED was sent: nothing of ours may follow it. */
export const saidAll: ReadonlySet<ReleaseState> = new Set([
  "finishing",
  "answered",
  "crossing",
  "crossed",
  "finished",
  "released",
]);

/**
 * FINISH or FINISHED of the peer's has come: nothing new of its may follow it. `released` is not among
 * them: a session that ended in another way is there too, and what it had stored may still be looked into.
 */
export const heardAll: ReadonlySet<ReleaseState> = new Set([
  "asked",
  "answering",
  "answered",
  "crossing",
  "crossed",
  "finished",
]);

export type ReleaseInput =
  /** The application asks, agrees, declines. */
  | "SRELreq"
  | "SRELrsp+"
  | "SRELrsp-"
  /** Everything that was to be sent is in the journal. */
  | "drained"
  /** The peer has everything that is in the journal. */
  | "acknowledged"
  /** What the peer sends. */
  | "FINISH"
  | "FINISHED"
  | "NOT_FINISHED"
  | "RELEASED";

export interface ReleaseTransition {
  readonly send?: "FINISH" | "FINISHED" | "NOT_FINISHED" | "RELEASED";
  readonly tell?: "releaseAsked" | "releaseRefused";
  readonly to: ReleaseState;
}

export const releaseTable: {
  readonly [S in ReleaseState]: { readonly [I in ReleaseInput]?: ReleaseTransition };
} = {
  open: {
    SRELreq: { to: "draining" },
    FINISH: { tell: "releaseAsked", to: "asked" },
  },
  draining: {
    SRELreq: { to: "draining" },
    drained: { send: "FINISH", to: "finishing" },
    // Both want the same: ours is as good as an answer.
    FINISH: { to: "answering" },
  },
  finishing: {
    SRELreq: { to: "finishing" },
    FINISHED: { to: "finished" },
    NOT_FINISHED: { tell: "releaseRefused", to: "open" },
    // They crossed: each answers, and each waits for the other's answer.
    FINISH: { send: "FINISHED", to: "crossing" },
  },
  asked: {
    SRELreq: { to: "answering" },
    "SRELrsp+": { to: "answering" },
    "SRELrsp-": { send: "NOT_FINISHED", to: "open" },
  },
  answering: {
    SRELreq: { to: "answering" },
    drained: { send: "FINISHED", to: "answered" },
  },
  answered: {
    SRELreq: { to: "answered" },
    acknowledged: { send: "RELEASED", to: "released" },
  },
  crossing: {
    SRELreq: { to: "crossing" },
    FINISHED: { to: "crossed" },
  },
  crossed: {
    SRELreq: { to: "crossed" },
    acknowledged: { send: "RELEASED", to: "released" },
    RELEASED: { to: "released" },
  },
  finished: {
    SRELreq: { to: "finished" },
    RELEASED: { to: "released" },
  },
  released: {},
};
