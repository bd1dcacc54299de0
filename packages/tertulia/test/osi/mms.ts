/** What an MMS (IEC 61850) client and a device said to each other, as recorded: values and octets. */

import assert from "node:assert/strict";
import { decodeApdu } from "../../src/osi/acse.ts";
import type { AcceptAssociationOptions, AssociateOptions } from "../../src/osi/associate.ts";
import { decodeAccept, decodeConnect, decodeUserData } from "../../src/osi/presentation.ts";
import type { Spdu } from "../../src/pure/iso8327/spdu.ts";
import { decodeTsdu } from "../../src/pure/iso8327/tsdu.ts";
import { conversations, type Side } from "../pure/iso8327/captures.ts";

export interface MmsConversation {
  /** TSDUs in the order in which they were said, from CONNECT on. */
  readonly said: readonly { readonly side: Side; readonly octets: Uint8Array }[];
  /** What makes `associate` ask what the client asked. */
  readonly asked: AssociateOptions;
  /** What makes `accept` answer what the device answered. */
  readonly answered: AcceptAssociationOptions;
}

/** The MMS context of all of them. */
export const MMS_CONTEXT = 3;

/** Each conversation with data in it. */
export function mmsConversations(): MmsConversation[] {
  return conversations("libiec61850-mms").map((all) => {
    const said = all.filter(({ type }) => type === "normal");
    const spdus = said.flatMap(({ octets }) => decodeTsdu(octets));
    const [connect, accept] = [find(spdus, "CN"), find(spdus, "AC")];
    const cp = decodeConnect(connect.userData ?? new Uint8Array());
    const aarq = decodeApdu(cp.userData[0]?.value ?? new Uint8Array());
    const cpa = decodeAccept(accept.userData ?? new Uint8Array());
    const aare = decodeApdu(cpa.userData[0]?.value ?? new Uint8Array());
    assert.ok(aarq.type === "AARQ" && aare.type === "AARE");
    const { called, calling, applicationContext, userInformation } = aarq;
    const asked: AssociateOptions = {
      applicationContext,
      contexts: cp.contexts.filter(({ id }) => id === MMS_CONTEXT),
      ...(called && { called }),
      ...(calling && { calling }),
      ...(cp.callingSelector && { callingPresentationSelector: cp.callingSelector }),
      ...(cp.calledSelector && { calledPresentationSelector: cp.calledSelector }),
      ...(connect.callingSessionSelector && { callingSelector: connect.callingSessionSelector }),
      ...(connect.calledSessionSelector && { calledSelector: connect.calledSessionSelector }),
      ...(userInformation && { userInformation }),
    };
    const answered: AcceptAssociationOptions = {
      ...(aare.responding && { responding: aare.responding }),
      ...(aare.userInformation && { userInformation: aare.userInformation }),
    };
    return { said, asked, answered };
  });
}

/** The MMS value in a TSDU of data. */
export function valueIn(tsdu: Uint8Array): Uint8Array {
  const data = find(decodeTsdu(tsdu), "DT");
  return decodeUserData(data.userData ?? new Uint8Array())[0]?.value ?? assert.fail("no value");
}

function find(spdus: readonly Spdu[], type: Spdu["type"]): Spdu {
  return spdus.find((spdu) => spdu.type === type) ?? assert.fail(`no ${type}`);
}
