/**
 * The predicates of the state tables, under their numbers: X.225 Annex A.
 *
 * `I` of a token: ours, or not there; `A`: the peer's, or not there; `II`: there and ours; `AA`: there
 * and the peer's.
 *
 * @module
 */

import { prevails } from "./resync.ts";
import type { Incoming, Spm } from "./spm.ts";
import { FU, TOKEN } from "./units.ts";
import { available, type Variables } from "./variables.ts";

/** A condition on what the machine knows and on the event that it has at hand. */
export type Predicate = (v: Variables, event: Incoming, spm: Spm) => boolean;

const has = (v: Variables, unit: number) => (v.units & unit) !== 0;
const I = (v: Variables, token: number) => (available(v) & ~v.owned & token) === 0;
const A = (v: Variables, token: number) => (available(v) & v.owned & token) === 0;
const II = (v: Variables, token: number) => (available(v) & v.owned & token) === token;
const AA = (v: Variables, token: number) => (available(v) & ~v.owned & token) === token;
const ALL = TOKEN.data | TOKEN.minor | TOKEN.major | TOKEN.release;
const { data: dk, minor: mi, major: ma } = TOKEN;

const SS = (v: Variables) => has(v, FU.SS);
const noActivityOrIn = (v: Variables) => !has(v, FU.ACT) || v.Vact;
const between = (v: Variables) => has(v, FU.ACT) && !v.Vact;
const sn = (event: Incoming) => event.serialNumber ?? Number.NaN;
const given = (v: Variables, event: Incoming, side: typeof II) =>
  event.tokens !== undefined && event.tokens !== 0 && side(v, event.tokens);
const givesData = (event: Incoming) => ((event.tokens ?? 0) & dk) !== 0;

/** X.225 Annex A: whether the resynchronization that is pending prevails over the event at hand. */
function isSpmWinner(v: Variables, event: Incoming): boolean {
  if (event.merged) return event.merged.pendingWins;
  return prevails(
    { type: v.Vrsp, number: v.Vrspnb },
    { type: event.resync?.s ?? "no", number: sn(event) },
    v.VrspIsOurs !== v.Vtca,
  );
}

export const predicates: Readonly<Record<string, Predicate>> = {
  p01: (v) => !v.Vtca,
  p02: (v, event, spm) => spm.keepsTransport(event) && !v.TEXP,
  p03: (v) => I(v, dk),
  p04: (v) => has(v, FU.FD) && !v.Vcoll,
  p05: (v) => A(v, dk),
  p06: (v) => has(v, FU.TD),
  p07: (v) => has(v, FU.TD) && !v.Vcoll,
  p08: (v) => has(v, FU.EX),
  p09: (v) => has(v, FU.EX) && !v.Vcoll,
  p10: (v) => !v.Vcoll,
  p11: (v) => II(v, ma),
  p12: (v) => has(v, FU.MA) && noActivityOrIn(v) && A(v, dk) && A(v, mi) && AA(v, ma),
  p13: (v) => has(v, FU.MA) && noActivityOrIn(v) && I(v, dk) && I(v, mi) && II(v, ma),
  p14: (v) => noActivityOrIn(v) && A(v, dk) && AA(v, mi),
  p15: (v) => noActivityOrIn(v) && I(v, dk) && II(v, mi),
  p16: (v) => !v.TEXP,
  p17: (v) => noActivityOrIn(v) && has(v, FU.SS | FU.SY) && (SS(v) || !v.Vsc),
  p18: (v) => noActivityOrIn(v) && has(v, FU.SS | FU.SY) && (SS(v) || v.Vsc),
  p19: (v, event) => !SS(v) && sn(event) === v.VM,
  p20: (v, event) => !SS(v) && sn(event) === v.VM - 1,
  p21: (v, event) => !SS(v) && v.VA <= sn(event) && sn(event) < v.VM,
  p23: (v) => has(v, FU.ACT) && !v.Vnextact,
  p24: (v, event) => !isSpmWinner(v, event),
  p25: (v) => has(v, FU.SY | FU.SS | FU.MA) && has(v, FU.RESYN),
  p26: noActivityOrIn,
  p27: (v) => v.Vrsp === "no",
  p28: (v) => has(v, FU.RESYN),
  p29: (v) => noActivityOrIn(v) && has(v, FU.RESYN),
  p30: (v) => !has(v, FU.ACT) || v.Vnextact,
  p32: (v, event) => {
    const { s = "no", snb = 0, r = "no", rnb = 0 } = event.resync ?? {};
    if (!SS(v)) return s !== "r" || sn(event) >= v.VR;
    return (s !== "r" || snb >= v.VRs) && (r !== "r" || rnb >= v.VRr);
  },
  p33: (v, event) => v.VR <= sn(event) && sn(event) <= v.VM,
  p34: (v) => has(v, FU.ACT),
  p35: (v) => has(v, FU.RESYN) && (!v.TEXP || has(v, FU.DS)),
  p36: (v) => has(v, FU.RESYN) && v.TEXP,
  p37: (v) => has(v, FU.ACT) && v.TEXP,
  p38: (v) => has(v, FU.ACT) && !v.TEXP,
  p39: (v) => v.Vact && II(v, ma),
  p40: (v) => AA(v, ma),
  p41: (v) => v.Vrsp === "dsc",
  p42: (v) => v.Vrsp === "int",
  p43: (v, event) =>
    !SS(v) &&
    (v.Vrsp === "r" ? sn(event) === v.Vrspnb : v.Vrsp === "a" ? sn(event) === v.VM : true),
  p44: (v) => between(v) && A(v, dk) && A(v, mi) && A(v, ma),
  p45: (v) => between(v) && I(v, dk) && I(v, mi) && I(v, ma),
  p46: (v) => has(v, FU.CD) && between(v) && A(v, dk) && A(v, mi) && A(v, ma),
  p47: (v) => has(v, FU.CD) && between(v) && I(v, dk) && I(v, mi) && II(v, ma),
  p48: (v) => has(v, FU.EXCEP) && has(v, FU.HD),
  p49: (v, event) =>
    !SS(v) && (v.Vrsp === "r" ? sn(event) === v.Vrspnb : v.Vrsp !== "a" || sn(event) >= v.VM),
  p50: (v) => has(v, FU.EXCEP) && noActivityOrIn(v) && AA(v, dk),
  p51: (v) => has(v, FU.EXCEP) && noActivityOrIn(v) && II(v, dk),
  p52: (v) => has(v, FU.EXCEP) && !has(v, FU.ACT) && II(v, dk),
  p53: (v, event) => ((event.tokens ?? 0) & ~available(v)) === 0 && event.tokens !== 0,
  p54: (v, event) => given(v, event, II),
  p55: (v) => between(v) && I(v, ALL),
  p57: (v, event) => given(v, event, II) && !givesData(event),
  p58: (v, event) => given(v, event, II) && givesData(event),
  p59: (v, event) => given(v, event, AA),
  p60: (v, event) => given(v, event, AA) && !givesData(event),
  p61: (v, event) => given(v, event, AA) && givesData(event),
  p62: (v) => between(v) && A(v, ALL),
  p63: (v) => I(v, ALL) && (!has(v, FU.ACT) || !v.Vact),
  p64: (v, event, spm) => spm.keepsTransport(event) && !v.Vtca && !v.TEXP,
  p65: (v) => available(v) !== 0,
  p66: (v) => v.Vtrr,
  p67: (v) => has(v, FU.NR),
  p68: (v) => A(v, ALL) && (!has(v, FU.ACT) || !v.Vact),
  p69: (v) => v.Vcoll,
  p70: (v) => has(v, FU.FD),
  p71: (v) => has(v, FU.ACT) && v.Vact && I(v, dk) && I(v, mi) && II(v, ma),
  p72: (v) => has(v, FU.ACT) && v.Vact && A(v, dk) && A(v, mi) && AA(v, ma),
  p75: (v) => !v.Vcoll || v.Vdnr,
  p76: (_, event) => event.refusal !== undefined,
  p80: (v) => !has(v, FU.DS) || v.VAdi < (SS(v) ? v.VAr : v.VA),
  p81: isSeparated,
  p82: (v) => has(v, FU.DS),
  p173: (v, event) => SS(v) && event.secondSerialNumber === v.VMr,
  // Printed as "sns = V(Ms), snr = V(Mr) - 1"; but MAJOR SYNC ACK has only the second number, and
  // its sender takes it from V(Ms) as for p173: with the printed one no point is ever confirmed.
  p174: (v, event) => SS(v) && event.secondSerialNumber === v.VMr,
  p175: (v, event) => SS(v) && sn(event) === v.VMr - 1,
  p176: (v, event) => SS(v) && v.VAs <= sn(event) && sn(event) < v.VMs,
  p177: (v, event) => SS(v) && sn(event) === v.VMr,
  p178: (v, event) => ((event.agreement?.units ?? v.units) & FU.SS) !== 0,
  p179: (v, event) => SS(v) && v.VAr <= sn(event) && sn(event) < v.VMr,
  p180: (_, event) => event.resync?.s !== "r" && event.resync?.r !== "r",
  p184: (v) => SS(v) && v.Vrsps === "no",
  p185: (v) => v.discardReceived && !isSeparated(v),
  p186: (v) => v.discardSent,
  p187: (v, event) => {
    const { snb = Number.NaN, rnb = Number.NaN } = event.resync ?? {};
    return (
      SS(v) && (v.Vrsps !== "r" || snb === v.Vrspnbs) && (v.Vrspr !== "r" || rnb === v.Vrspnbr)
    );
  },
  p202: (_, event) => event.isLast === true,
  p204: (_, event) => event.overflows === true,
};

/** p81: whether a data separation point that we sent is still to be confirmed. */
function isSeparated(v: Variables): boolean {
  return v.VAdo >= (SS(v) ? v.VAs : v.VA);
}
