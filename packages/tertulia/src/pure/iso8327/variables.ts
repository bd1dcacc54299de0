/**
 * What a session machine knows: the variables of X.225 Annex A, under their names there.
 *
 * @module
 */

import { availableTokens, FU, type TokenSettings } from "./units.ts";

/** A pending resynchronization: none, one of its types, or an activity being ended from outside. */
export type Vrsp = "no" | "r" | "s" | "a" | "int" | "dsc";

export interface Variables {
  /** Whether this side accepted the transport connection. */
  Vtca: boolean;
  /** Whether the transport connection can be reused. */
  Vtrr: boolean;
  /** Whether FINISH SPDUs have collided. */
  Vcoll: boolean;
  /** Whether DISCONNECT came while we still owed ours. */
  Vdnr: boolean;
  /** Whether the transport connection has the expedited flow. */
  TEXP: boolean;
  /** The functional units selected, as bits of PI 20. */
  units: number;
  /** The tokens that are ours, as bits of PI 16. */
  owned: number;
  Vact: boolean;
  Vnextact: boolean;
  VM: number;
  VA: number;
  VR: number;
  /** Whether our user may confirm minor points. */
  Vsc: boolean;
  Vrsp: Vrsp;
  Vrspnb: number;
  /** The token settings that it asks for. */
  settings: TokenSettings;
  /** Whether the pending resynchronization is our request. */
  VrspIsOurs: boolean;
  /** The same three numbers for each flow, with symmetric synchronization: s is ours to send. */
  VMs: number;
  VMr: number;
  VAs: number;
  VAr: number;
  VRs: number;
  VRr: number;
  Vrsps: Vrsp;
  Vrspr: Vrsp;
  Vrspnbs: number;
  Vrspnbr: number;
  /** The highest data separation point sent and received; -1 is none. */
  VAdo: number;
  VAdi: number;
  /** Whether what comes, or what our user sends, is thrown away until the resynchronization is done. */
  discardReceived: boolean;
  discardSent: boolean;
}

export function initialVariables(): Variables {
  return {
    Vtca: false,
    Vtrr: false,
    Vcoll: false,
    Vdnr: false,
    TEXP: false,
    units: 0,
    owned: 0,
    Vact: false,
    Vnextact: false,
    VM: 0,
    VA: 0,
    VR: 0,
    Vsc: false,
    Vrsp: "no",
    Vrspnb: 0,
    settings: {},
    VrspIsOurs: false,
    VMs: 0,
    VMr: 0,
    VAs: 0,
    VAr: 0,
    VRs: 0,
    VRr: 0,
    Vrsps: "no",
    Vrspr: "no",
    Vrspnbs: 0,
    Vrspnbr: 0,
    VAdo: -1,
    VAdi: -1,
    discardReceived: false,
    discardSent: false,
  };
}

/** AV(t): the tokens that there are. */
export function available({ units }: Variables): number {
  return availableTokens(units);
}

/** Whether symmetric synchronization is selected: then the second set of tables applies. */
export function isSymmetric({ units }: Variables): boolean {
  return (units & FU.SS) !== 0;
}
