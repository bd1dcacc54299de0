/**
 * What the cells of the state tables do, under the names there: SPDUs to send, primitives to
 * indicate, and the specific actions of X.225 Annex A by their numbers.
 *
 * @module
 */

import type { EventType } from "./primitives.ts";
import {
  endResync,
  keepResync,
  noResync,
  noteResync,
  resyncCodes,
  sendResync,
  sendResyncAck,
} from "./resync.ts";
import type { Spdu } from "./spdu.ts";
import type { Incoming, Spm } from "./spm.ts";
import { ownedBy } from "./units.ts";
import { available, isSymmetric, type Variables } from "./variables.ts";

export type Action = (spm: Spm) => void;

/** X.225 8.3 PI 24. */
const prepare = { MAA: 1, RS: 2, RA: 3, AB: 4 } as const;

export const actions: Readonly<Record<string, Action>> = {
  AA: (spm) => spm.send({ type: "AA" }),
  "AB-nr": (spm) => spm.abort(false),
  "AB-r": (spm) => spm.abort(true),
  AC: (spm) => spm.sendAccept(),
  AD: (spm) => spm.send({ type: "AD", ...reason(spm.event), ...userData(spm.event) }),
  ADA: sendPlain("ADA"),
  AE: sendPoint("AE"),
  AEA: sendMajorAck,
  AI: (spm) => spm.send({ type: "AI", ...reason(spm.event), ...userData(spm.event) }),
  AIA: sendPlain("AIA"),
  AR: (spm) =>
    spm.send({
      type: "AR",
      ...(spm.event.request?.linkingInformation && {
        linkingInformation: spm.event.request.linkingInformation,
      }),
      ...activity(spm.event),
      ...userData(spm.event),
    }),
  AS: (spm) => spm.send({ type: "AS", ...activity(spm.event), ...userData(spm.event) }),
  CD: sendPlain("CD"),
  CDA: sendPlain("CDA"),
  CDO: (spm) => spm.sendOverflow(),
  CN: (spm) => spm.sendConnect(),
  DN: sendPlain("DN"),
  DT: (spm) => spm.send({ type: "DT", ...userData(spm.event) }),
  ED: (spm) => spm.send({ type: "ED", ...reason(spm.event), ...userData(spm.event) }),
  EX: (spm) => spm.sendExpedited({ type: "EX", ...userData(spm.event) }),
  "FN-nr": sendFinish(1),
  "FN-r": sendFinish(0),
  GT: (spm) => spm.send({ type: "GT", ...tokens(spm.event), ...userData(spm.event) }),
  GTA: (spm) => spm.send({ type: "GTA" }),
  GTC: sendPlain("GTC"),
  MAA: sendMajorAck,
  MAP: sendPoint("MAP"),
  MIA: (spm) => spm.send({ type: "MIA", serialNumber: number(spm.event), ...userData(spm.event) }),
  MIP: sendPoint("MIP"),
  NF: sendPlain("NF"),
  OA: (spm) => spm.acceptOverflow(),
  // Note 4: PR-AB only with the expedited flow and more than nine octets; abort() knows.
  "PR-AB(4)": () => {},
  "PR-MAA(1)": sendPrepare(prepare.MAA),
  "PR-RA(1)": sendPrepare(prepare.RA),
  "PR-RS(1)": sendPrepare(prepare.RS),
  // Note 5: not while a data separation point that we sent is unconfirmed.
  "PR-RS(5)": (spm) => {
    const { v } = spm;
    if (v.VAdo >= (isSymmetric(v) ? v.VAs : v.VA)) return;
    const { s = "no", r = "no" } = spm.event.resync ?? {};
    sendPrepare(
      prepare.RS,
      isSymmetric(v)
        ? {
            ...(s !== "no" && { resyncType: resyncCodes[s] ?? 0 }),
            ...(r !== "no" && { secondResyncType: resyncCodes[r] ?? 0 }),
          }
        : {},
    )(spm);
  },
  PT: (spm) => spm.send({ type: "PT", ...tokens(spm.event), ...userData(spm.event) }),
  RA: sendResyncAck,
  "RF-nr": (spm) => spm.refuse(false),
  "RF-r": (spm) => spm.refuse(true),
  RS: sendResync,
  "RS-a": sendResync,
  "RS-r": sendResync,
  "RS-s": sendResync,
  TD: (spm) => spm.send({ type: "TD", ...userData(spm.event) }),

  SACTDcnf: tell("SACTDcnf"),
  SACTDind: tell("SACTDind"),
  SACTEcnf: tell("SACTEcnf"),
  SACTEind: tell("SACTEind"),
  SACTIcnf: tell("SACTIcnf"),
  SACTIind: tell("SACTIind"),
  SACTRind: tell("SACTRind"),
  SACTSind: tell("SACTSind"),
  SCDcnf: tell("SCDcnf"),
  SCDind: tell("SCDind"),
  SCGind: tell("SCGind"),
  "SCONcnf+": tell("SCONcnf+"),
  "SCONcnf-": tell("SCONcnf-"),
  SCONind: tell("SCONind"),
  SDTind: tell("SDTind"),
  SEXind: tell("SEXind"),
  SGTind: tell("SGTind"),
  SPABind: tell("SPABind"),
  SPERind: tell("SPERind"),
  SPTind: tell("SPTind"),
  "SRELcnf+": tell("SRELcnf+"),
  "SRELcnf-": tell("SRELcnf-"),
  SRELind: tell("SRELind"),
  SRSYNcnf: tell("SRSYNcnf"),
  SRSYNind: tell("SRSYNind"),
  // Note 2: the serial number indicated is V(M), if dialogue is abandoned.
  "SRSYNind(2)": (spm) => {
    const { v, event } = spm;
    const { s, r, snb, rnb } = event.resync ?? noResync;
    if (!isSymmetric(v)) spm.tell("SRSYNind", s === "a" ? { serialNumber: v.VM } : {});
    else {
      spm.tell("SRSYNind", {
        ...(r !== "no" && { serialNumber: r === "a" ? v.VMr : rnb }),
        ...(s !== "no" && { secondSerialNumber: s === "a" ? v.VMs : snb }),
      });
    }
  },
  SSYNMcnf: tell("SSYNMcnf"),
  SSYNMind: tell("SSYNMind"),
  SSYNmcnf: tell("SSYNmcnf"),
  SSYNmind: tell("SSYNmind"),
  STDind: tell("STDind"),
  SUERind: tell("SUERind"),
  // Note 3: S-U-ABORT if the ABORT says that the user did it.
  "SxABind(3)": (spm) => {
    const { transportDisconnect = 0 } = spm.event.spdu ?? {};
    spm.tell((transportDisconnect & 2) !== 0 ? "SUABind" : "SPABind");
  },

  TCONreq: (spm) => spm.connectTransport(),
  TCONrsp: (spm) => spm.acceptTransport(),
  TDISreq: (spm) => spm.disconnectTransport(),

  "[1]": set((v) => (v.Vtca = true)),
  "[2]": set((v) => (v.Vtca = false)),
  "[3]": (spm) => spm.stopTimer(),
  "[4]": (spm) => spm.startTimer(),
  "[5]": (spm) => {
    const { v, event } = spm;
    spm.agree();
    v.VA = v.VM = event.agreement?.serialNumber ?? 0;
    v.VR = 0;
  },
  "[6]": (spm) => spm.replay(),
  "[7]": set((v) => (v.Vtrr = true)),
  "[8]": set((v) => (v.Vtrr = false)),
  "[9]": (spm) => {
    // "May always be false": it is true only if we want to keep the transport as well.
    spm.v.Vtrr =
      ((spm.event.spdu?.transportDisconnect ?? 1) & 1) === 0 && spm.keepsTransport(spm.event);
  },
  // Not of the standard: see amendments.ts.
  "[6a]": (spm) => spm.forgetQueue(),
  "[10]": (spm) => spm.queue(),
  "[11]": (spm) => updateTokens(spm.v, spm.event),
  "[12]": set((v) => (v.Vact = true)),
  "[13]": (spm) => {
    spm.v.Vnextact = spm.event.name !== "AE" && spm.event.name !== "SACTEreq";
  },
  "[14]": set((v) => (v.Vact = v.Vnextact)),
  "[16]": noteResync,
  "[18]": set((v) => (v.Vcoll = true)),
  "[19]": ({ v, event }) => {
    const { s, r, snb, rnb } = event.resync ?? noResync;
    if (!isSymmetric(v)) {
      if (s === "a") v.VM = Math.max(v.VM, number(event));
      return;
    }
    if (s === "a") v.VMs = Math.max(v.VMs, snb);
    if (r === "a") v.VMr = Math.max(v.VMr, rnb);
  },
  "[22]": set((v) => (v.VR = v.VA = v.VM)),
  "[23]": set((v) => {
    if (!v.Vsc) v.VA = v.VM;
    v.Vsc = true;
    v.VM += 1;
  }),
  "[24]": set((v) => {
    if (v.Vsc) v.VA = v.VM;
    v.Vsc = false;
    v.VM += 1;
  }),
  "[25]": ({ v, event }) => {
    v.VA = number(event) + 1;
  },
  "[26]": set((v) => (v.VA = v.VM = v.VR = 1)),
  "[27]": ({ v, event }) => {
    v.VA = v.VM = firstOfLink(event) + 1;
    v.VR = 1;
  },
  "[28]": ({ v, event }) => {
    v.VA = v.VM = number(event);
    if (v.Vrsp !== "r") v.VR = 0;
    v.VAdo = v.VAdi = -1;
    endResync(v);
  },
  "[29]": set((v) => endActivity(v, available(v))),
  "[30]": set((v) => endActivity(v, 0)),
  "[31]": set((v) => {
    if (!v.Vsc) v.VA = v.VM;
    v.VM += 1;
  }),
  "[32]": set((v) => (v.Vdnr = true)),
  "[41]": set((v) => (v.VAdo = v.VM)),
  "[42]": set((v) => (v.VAdo = v.VMs)),
  "[43]": set((v) => (v.VAdo = v.VAdi = -1)),
  "[44]": set((v) => (v.VAdi = isSymmetric(v) ? v.VMr : v.VM)),
  "[50]": (spm) => spm.keepUserData(),
  // sendOverflow() sends them all.
  "[51]": () => {},
  "[62]": set((v) => (v.VMr += 1)),
  "[63]": set((v) => (v.VMs += 1)),
  "[64]": set((v) => {
    v.VRs = v.VAs = v.VMs;
    v.VRr = v.VAr = v.VMr;
  }),
  // Not of the standard: see amendments.ts.
  "[64a]": set((v) => {
    if (!v.discardSent) v.VRs = v.VAs = v.VMs;
    if (!v.discardReceived) v.VRr = v.VAr = v.VMr += 1;
  }),
  "[65]": ({ v, event }) => {
    v.VAs = number(event) + 1;
  },
  "[66]": ({ v, event }) => {
    v.VAr = number(event) + 1;
  },
  "[67]": ({ v, event }) => {
    v.discardReceived = event.spdu?.resyncType !== undefined;
    v.discardSent = event.spdu?.secondResyncType !== undefined;
  },
  "[68]": ({ v, event }) => {
    const { snb = v.VMs, rnb = v.VMr } = event.resync ?? {};
    if (v.Vrsps !== "no") {
      v.VAs = v.VMs = snb;
      if (v.Vrsps !== "r") v.VRs = 0;
    }
    if (v.Vrspr !== "no") {
      v.VAr = v.VMr = rnb;
      if (v.Vrspr !== "r") v.VRr = 0;
    }
    v.VAdo = v.VAdi = -1;
    endResync(v);
  },
  "[69]": ({ v, event }) => {
    const first = firstOfLink(event) + 1;
    const second = (linkOf(event)?.secondSerialNumber ?? 0) + 1;
    const isOurs = event.request !== undefined;
    v.VAs = v.VMs = isOurs ? first : second;
    v.VAr = v.VMr = isOurs ? second : first;
    v.VRs = v.VRr = 1;
  },
  "[70]": set((v) => {
    v.VAs = v.VAr = v.VMs = v.VMr = v.VRs = v.VRr = 1;
  }),
  "[71]": (spm) => {
    const { v, event } = spm;
    spm.agree();
    const { serialNumber = 0, secondSerialNumber = 0 } = event.agreement ?? {};
    v.VAs = v.VMs = v.Vtca ? secondSerialNumber : serialNumber;
    v.VAr = v.VMr = v.Vtca ? serialNumber : secondSerialNumber;
    v.VRs = v.VRr = 0;
  },
  "[72]": ({ v, event }) => {
    if (event.merged) keepResync(v, event.merged.result);
  },
};

function sendPlain(type: Spdu["type"]): Action {
  return (spm) => spm.send({ type, ...userData(spm.event) });
}

function sendFinish(transportDisconnect: number): Action {
  return (spm) => spm.send({ type: "FN", transportDisconnect, ...userData(spm.event) });
}

/** Note 1: PREPARE is not sent without the expedited flow. */
function sendPrepare(
  prepareType: number,
  types: Pick<Spdu, "resyncType" | "secondResyncType"> = {},
): Action {
  return (spm) => {
    if (spm.v.TEXP) spm.sendExpedited({ type: "PR", prepareType, ...types });
  };
}

function sendPoint(type: "MIP" | "MAP" | "AE"): Action {
  return (spm) => {
    const { v, event } = spm;
    const { explicit = true } = event.request ?? {};
    const separation = event.name === "SSYNmdreq" ? 2 : 0;
    // X.225 8.3: the Sync Type Item of a minor point is absent when both its bits would be 0; that
    // of a major point is there always, and its bit 1 is set.
    const syncTypeItem = type === "MIP" ? (explicit ? 0 : 1) | separation : type === "MAP" ? 1 : 0;
    spm.send({
      type,
      ...(syncTypeItem !== 0 && { syncTypeItem }),
      serialNumber: isSymmetric(v) ? v.VMs : v.VM,
      ...userData(event),
    });
  };
}

function sendMajorAck(spm: Spm): void {
  const { v, event } = spm;
  const numbers = isSymmetric(v) ? { secondSerialNumber: v.VMs } : { serialNumber: v.VM - 1 };
  spm.send({ type: "MAA", ...numbers, ...userData(event) });
}

function tell(type: EventType): Action {
  return (spm) => spm.tell(type);
}

function set(change: (v: Variables) => unknown): Action {
  return (spm) => {
    change(spm.v);
  };
}

function userData({ userData }: Incoming): { userData?: Uint8Array } {
  return userData && userData.length > 0 ? { userData } : {};
}

function reason({ request }: Incoming): { reasonCode?: number } {
  return request?.reason === undefined ? {} : { reasonCode: request.reason };
}

function activity({ request }: Incoming): { activityIdentifier?: Uint8Array } {
  return request?.activityIdentifier ? { activityIdentifier: request.activityIdentifier } : {};
}

function tokens({ tokens }: Incoming): { tokenItem?: number } {
  return tokens === undefined ? {} : { tokenItem: tokens };
}

function number({ serialNumber = 0 }: Incoming): number {
  return serialNumber;
}

function linkOf({ spdu, request }: Incoming): Spdu["linkingInformation"] {
  return spdu?.linkingInformation ?? request?.linkingInformation;
}

function firstOfLink(event: Incoming): number {
  return linkOf(event)?.serialNumber ?? 0;
}

function updateTokens(v: Variables, event: Incoming): void {
  const isOurs = event.request !== undefined;
  switch (event.name) {
    case "SGTreq":
      v.owned &= ~(event.tokens ?? 0);
      break;
    case "GT":
      v.owned |= event.tokens ?? 0;
      break;
    case "SCGreq":
      v.owned = 0;
      break;
    case "GTC":
      v.owned = available(v);
      break;
    case "AC":
    case "SCONrsp+":
      v.owned = event.agreement?.owned ?? 0;
      break;
    default:
      // RA: what the requestor asked for, as the acceptor resolved it.
      v.owned = ownedBy(isOurs ? "acceptor" : "requestor", event.settings ?? {}, available(v));
  }
}

function endActivity(v: Variables, owned: number): void {
  v.owned = owned;
  v.Vact = false;
  endResync(v);
}
