/**
 * How a session ends in order: both sides have said everything, and both agree.
 *
 * `FINISH` goes behind everything that was sent, `FINISHED` too; a side that has more to say may
 * refuse. The names of requests and responses are X.215's. Whatever is not in the table is an error.
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
  released: "over",
} as const;

export type ReleaseState = keyof typeof releaseStates;

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
  | "NOT_FINISHED";

export interface ReleaseTransition {
  readonly send?: "FINISH" | "FINISHED" | "NOT_FINISHED";
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
    FINISHED: { to: "released" },
    NOT_FINISHED: { tell: "releaseRefused", to: "open" },
    // They crossed: each answers, and each waits for the other's answer.
    FINISH: { send: "FINISHED", to: "finishing" },
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
    acknowledged: { to: "released" },
  },
  released: {},
};
