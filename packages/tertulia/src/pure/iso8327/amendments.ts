/**
 * Where the printed state tables leave two correct machines without a cell.
 *
 * Random walks of both ends find these: a collision or an overtaking that the standard allows leads
 * to an intersection that it leaves blank or guards with what cannot be true. The machine asks here
 * only when no printed cell applies. Each entry says why; docs/conformance/iso8327.md lists them.
 *
 * @module
 */

import type { TableSource } from "./table.ts";

/**
 * An activity may be interrupted or discarded by who has asked to end it, in 04B. If the other side has
 * just agreed to the end, its PREPARE(RESYNCHRONIZE) finds 713 and no activity, and is kept for one
 * that starts: [6a], which is ours, forgets it. Without an expedited flow the tables take AI and AD there.
 */
const afterTheEnd: TableSource = {
  AD: { 713: "p37&p40: [6a] SACTDind [16] →11C" },
  AI: { 713: "p37&p40: [6a] SACTIind [16] →11B" },
};

/** A refused release that PREPARE(RESYNCHRONIZE) overtook, when we have answered that with our own. */
const refusedRelease: TableSource = { NF: { "06": "p67: SRELcnf- →=" } };

/** For Tables A.8 to A.16. */
export const amendmentsWithoutSymmetric: TableSource = {
  ...afterTheEnd,
  ...refusedRelease,
  // PREPARE(RESYNCHRONIZE) may overtake an exception that the peer sent before: X.225 7 has
  // everything discarded until RS, and the other error states do.
  ED: { "15B": "p48: →=" },
  ER: { "15B": "p48: →=" },
  // The same for a FINISH, when an exception that crossed it let its sender resynchronize.
  "FN-nr": { "15B": "p68: →=" },
  // Printed for 05B and 05C; PREPARE(RESYNCHRONIZE ACK) may come before it as well.
  "RS-a": { "15C": "p28: →=" },
  "RS-r": { "15C": "p28: →=" },
  "RS-s": { "15C": "p28: →=" },
};

/** For Tables A.17 to A.25. */
export const amendmentsWithSymmetric: TableSource = {
  ...afterTheEnd,
  ...refusedRelease,
  ED: { "15B": "p48: →=" },
  ER: { "15B": "p48: →=" },
  "FN-nr": { "15B": "p68: →=" },
  MIA: {
    // Printed with p186, which the alternative before it has taken already: points of a flow that
    // is not being resynchronized are still confirmed, as 15C says in its last alternative.
    "05A 06 15B": "p17&p176&¬p186: SSYNmcnf [65] →=",
    // The loser of a collision hears a confirmation that was sent before the winner knew of it.
    "11A": "p186: →=",
  },
  // MIP is here and MIP-d is not: the same rules, and the point noted.
  "MIP-d": {
    "11A": "p82&p178&¬p185: SSYNmind [44] [62] →=",
    "15B": "p82&p178&p185: [44] →= | p82&p178&¬p185: SSYNmind [44] [62] →=",
  },
  RS: {
    "01D": "TDISreq →01",
    // Guarded by p35, which is false with an expedited flow; Table A.11 has p28.
    "05B 05C": "p28: →=",
    "15C": "p41: →= | p42: →= | ¬p24&p32: →= then [72]",
    "15D": "→=",
  },
  // STDreq is allowed in 05A while its flow goes on; DT has the cell.
  TD: { "11A": "p06&¬p185: STDind →=" },
};

/**
 * What is done instead of the printed cell, with symmetric synchronization: where one flow is
 * resynchronized and the other goes on, points of the other have to be counted, or the two sides are
 * out of step from there. 05A has it for MAP.
 */
export const correctionsWithSymmetric: TableSource = {
  MAP: { "15B": "p12&¬p185: SSYNMind [62] →=" },
  // It confirms all that came before and is a point itself: [64a], which is ours.
  "MAA/AEA": { "05A 06 15B 15C": "p178: [43] [64a] →=" },
};
