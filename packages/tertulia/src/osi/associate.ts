/**
 * Associations: ACSE on the presentation kernel on a dialogue over COTP, enough for MMS (IEC 61850)
 * and its like. Both to associate and to be associated with.
 *
 * @module
 */

import type { DialogueAborted } from "../dialogue/aborted.ts";
import type { ConnectOptions, Dialogue } from "../dialogue/dialogue.ts";
import { awaitDialogue, connectDialogue } from "../dialogue/open.ts";
import type { DialogueOptions } from "../dialogue/provider.ts";
import type { TransportConnection } from "../dialogue/transport.ts";
import { ProtocolError, SessionError } from "../pure/errors.ts";
import { equalOctets, NO_OCTETS } from "../pure/octets.ts";
import {
  type Aare,
  type Aarq,
  ACSE_SYNTAX,
  type Apdu,
  decodeApdu,
  type Entity,
  encodeApdu,
  type UserInformation,
} from "./acse.ts";
import {
  BER_SYNTAX,
  type ContextResult,
  decodeAbort,
  decodeAccept,
  decodeConnect,
  decodeReject,
  decodeUserData,
  encodeAbort,
  encodeAccept,
  encodeConnect,
  encodeReject,
  encodeUserData,
  type Pdv,
  type PresentationContext,
} from "./presentation.ts";

/** Names that MMS goes by. */
export const MMS = {
  applicationContext: "1.0.9506.2.3",
  abstractSyntax: "1.0.9506.2.1",
} as const;

const ACSE_CONTEXT = 1;

/**
 * The parameters of an A-ASSOCIATE request: X.217. Application context and presentation contexts
 * must be given.
 */
export interface AssociateOptions extends Omit<ConnectOptions, "userData"> {
  /** What the association is for, as an object identifier: `1.0.9506.2.3` is MMS. */
  readonly applicationContext: string;
  /** What to speak, besides ACSE, which has the identifier 1. */
  readonly contexts: readonly PresentationContext[];
  /** Ours, up to 16 octets. Default: none. */
  readonly callingPresentationSelector?: Uint8Array;
  /** The peer's, up to 16 octets. Default: none. */
  readonly calledPresentationSelector?: Uint8Array;
  /** The application entity that is called. Default: not said. */
  readonly called?: Entity;
  /** The application entity that calls. Default: not said. */
  readonly calling?: Entity;
  /** Authentication: the mechanism's object identifier, and a password as text. */
  readonly mechanism?: string;
  /** The password that goes with `mechanism`, in the clear. */
  readonly password?: string;
  /** What to send along: an MMS initiate request, say. */
  readonly userInformation?: readonly UserInformation[];
}

/** Which associations are waited for. All optional. */
export interface AwaitAssociationOptions extends DialogueOptions {
  /** Our presentation selector: another one called is refused. Default: any is taken. */
  readonly presentationSelector?: Uint8Array;
  /** Abstract syntaxes that we speak. Others are turned down one by one. Default: all. */
  readonly abstractSyntaxes?: readonly string[];
}

/** The parameters of a positive A-ASSOCIATE response. All optional. */
export interface AcceptAssociationOptions {
  /** The application entity that answers. Default: not said. */
  readonly responding?: Entity;
  /** What to send along: an MMS initiate response, say. Default: nothing. */
  readonly userInformation?: readonly UserInformation[];
}

/** The parameters of a negative A-ASSOCIATE response. All optional. */
export interface RefuseAssociationOptions {
  /** Whether trying again later makes sense. Default: `rejected-permanent`. */
  readonly result?: "rejected-permanent" | "rejected-transient";
  /** X.227: 1 no reason given, 2 application context not supported, 11 mechanism, 13 failure. */
  readonly diagnostic?: number;
  /** Who refuses: the application, or ACSE. Default: `user`. */
  readonly source?: "user" | "provider";
}

/** The peer answered, and said no. */
export class AssociationRefused extends SessionError {
  override readonly name = "AssociationRefused";
  /** What it said, if it said it in ACSE. */
  readonly answer: Aare | undefined;

  constructor(message: string, answer: Aare | undefined, cause: unknown) {
    super("ERR_REFUSED", message, { cause });
    this.answer = answer;
  }
}

/** A request to associate, to be answered with `accept` or `refuse`. */
export interface AssociationRequest {
  readonly aarq: Aarq;
  readonly contexts: readonly PresentationContext[];
  readonly callingSelector: Uint8Array | undefined;
  /** Agrees; the association is there at once. */
  accept(options?: AcceptAssociationOptions): Association;
  /** Says no, with the reason. */
  refuse(options?: RefuseAssociationOptions): void;
}

/**
 * Associates over a transport connection.
 *
 * Offers session version 2 only unless told otherwise, which is what IEC 61850 devices take.
 *
 * @throws {AssociationRefused} when any layer of the peer says no; {@link DialogueAborted}.
 *
 * @example
 * const transport = await connectCotp({ host: "192.0.2.7", remoteSelector: Uint8Array.of(0, 1) });
 * const association = await associate(transport, {
 *   applicationContext: MMS.applicationContext,
 *   contexts: [{ id: 3, abstractSyntax: MMS.abstractSyntax }],
 *   userInformation: [{ contextId: 3, value: initiateRequest }],
 * });
 */
export async function associate(
  transport: TransportConnection,
  options: AssociateOptions,
  dialogueOptions: DialogueOptions = {},
): Promise<Association> {
  const {
    applicationContext,
    contexts,
    callingPresentationSelector,
    calledPresentationSelector,
    called,
    calling,
    mechanism,
    password,
    userInformation = [],
    ...session
  } = options;
  const aarq: Aarq = {
    type: "AARQ",
    applicationContext,
    ...(called && { called }),
    ...(calling && { calling }),
    ...(mechanism !== undefined && { mechanism }),
    ...(password !== undefined && { password }),
    userInformation,
  };
  const userData = encodeConnect({
    type: "CP",
    ...(callingPresentationSelector && { callingSelector: callingPresentationSelector }),
    ...(calledPresentationSelector && { calledSelector: calledPresentationSelector }),
    contexts: [{ id: ACSE_CONTEXT, abstractSyntax: ACSE_SYNTAX }, ...contexts],
    userData: [acse(aarq)],
  });
  let dialogue: Dialogue;
  try {
    const parameters: ConnectOptions = { versions: [2], ...session, userData };
    dialogue = await connectDialogue(transport, parameters, dialogueOptions);
  } catch (error) {
    throw refusalOf(error);
  }
  try {
    const { userData: pdvs, results } = decodeAccept(dialogue.confirm?.userData ?? NO_OCTETS);
    const aare = apduIn(pdvs);
    if (aare?.type !== "AARE")
      throw new ProtocolError("missingApdu", "X.227, association establishment", "no AARE");
    if (aare.result !== "accepted") {
      throw new AssociationRefused(`AARE ${aare.result}`, aare, undefined);
    }
    return new Association(dialogue, aare, acceptedIds(contexts, results.slice(1)));
  } catch (error) {
    dialogue.abort(encodeAbort({ type: "ARP", reason: 1 }));
    throw error;
  }
}

/** Waits for a peer to ask for an association. What is not presentation at all is aborted. */
export async function awaitAssociation(
  transport: TransportConnection,
  options: AwaitAssociationOptions = {},
): Promise<AssociationRequest> {
  const { dialogue, indication } = await awaitDialogue(transport, options);
  try {
    const connect = decodeConnect(indication.userData);
    const aarq = apduIn(connect.userData);
    if (aarq?.type !== "AARQ")
      throw new ProtocolError("missingApdu", "X.227, association establishment", "no AARQ");
    const { presentationSelector: ours, abstractSyntaxes } = options;
    if (ours && connect.calledSelector && !equalOctets(ours, connect.calledSelector)) {
      // X.226 provider reason 3: called presentation address unknown.
      const ppdu = encodeReject({ type: "CPR", results: [], providerReason: 3, userData: [] });
      dialogue.refuse({ userData: ppdu });
      throw new SessionError("ERR_REFUSED", "called presentation selector unknown");
    }
    const results = connect.contexts.map((each) => resultFor(each, abstractSyntaxes));
    return {
      aarq,
      contexts: connect.contexts,
      callingSelector: connect.callingSelector,
      accept: ({ responding, userInformation = [] } = {}) => {
        const aare: Aare = {
          type: "AARE",
          applicationContext: aarq.applicationContext,
          result: "accepted",
          diagnostic: { source: "user", value: 0 },
          ...(responding && { responding }),
          userInformation,
        };
        const respondingSelector = ours ?? connect.calledSelector;
        const userData = encodeAccept({
          type: "CPA",
          ...(respondingSelector && { respondingSelector }),
          results,
          userData: [acse(aare)],
        });
        dialogue.accept({ userData });
        return new Association(dialogue, aarq, acceptedIds(connect.contexts, results));
      },
      refuse: ({ result = "rejected-permanent", diagnostic = 1, source = "user" } = {}) => {
        const aare: Aare = {
          type: "AARE",
          applicationContext: aarq.applicationContext,
          result,
          diagnostic: { source, value: diagnostic },
          userInformation: [],
        };
        const ppdu = encodeReject({ type: "CPR", results, userData: [acse(aare)] });
        dialogue.refuse({ userData: ppdu });
      },
    };
  } catch (error) {
    if (error instanceof ProtocolError) dialogue.abort(encodeAbort({ type: "ARP", reason: 1 }));
    throw error;
  }
}

/** Two application entities that speak with each other. */
export class Association implements AsyncIterable<Pdv>, AsyncDisposable {
  /** The dialogue below: all its tokens, points and activities are there to be used. */
  readonly dialogue: Dialogue;
  /** What the peer said when the association was made. */
  readonly peer: Aarq | Aare;
  /** The presentation contexts that both sides have. */
  readonly contextIds: ReadonlySet<number>;

  constructor(dialogue: Dialogue, peer: Aarq | Aare, contextIds: ReadonlySet<number>) {
    this.dialogue = dialogue;
    this.peer = peer;
    this.contextIds = contextIds;
  }

  /**
   * P-DATA request: one value in a presentation context.
   *
   * @throws {SessionError} `ERR_ARGUMENT` for a context that was not accepted.
   */
  send(contextId: number, value: Uint8Array): Promise<void> {
    if (!this.contextIds.has(contextId)) {
      throw new SessionError("ERR_ARGUMENT", `no presentation context ${contextId}`);
    }
    return this.dialogue.data(encodeUserData([{ contextId, value }]));
  }

  /**
   * The values that the peer sends, until the association is over. A release is answered.
   *
   * @throws {DialogueAborted} when the peer aborts; {@link ProtocolError} when it breaks the rules.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<Pdv, void, undefined> {
    for await (const { type, userData } of this.dialogue) {
      if (type === "S-DATA" || type === "S-TYPED-DATA") {
        yield* this.#values(userData);
      } else if (type === "S-RELEASE") {
        const rlre: Apdu = { type: "RLRE", reason: 0, userInformation: [] };
        this.dialogue.respondRelease(true, encodeUserData([acse(rlre)]));
      }
    }
  }

  /** A-RELEASE: ends the association in order. Values that come meanwhile are lost. */
  async release(reason = 0): Promise<void> {
    const rlrq: Apdu = { type: "RLRQ", reason, userInformation: [] };
    const { affirmative } = await this.dialogue.release({
      userData: encodeUserData([acse(rlrq)]),
    });
    if (!affirmative) throw new SessionError("ERR_REFUSED", "the peer refused the release");
  }

  /** A-ABORT: ends the association at once. */
  abort(): void {
    const abrt: Apdu = { type: "ABRT", source: "user", userInformation: [] };
    this.dialogue.abort(encodeAbort({ type: "ARU", userData: [acse(abrt)] }));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dialogue[Symbol.asyncDispose]();
  }

  #values(userData: Uint8Array): Pdv[] {
    try {
      return decodeUserData(userData);
    } catch (error) {
      this.dialogue.abort(encodeAbort({ type: "ARP", reason: 1 }));
      throw error;
    }
  }
}

/** Why a peer aborted, in the words of presentation and ACSE, if it used them. */
export function abortOf(error: DialogueAborted): ReturnType<typeof decodeAbort> | undefined {
  try {
    return error.userData.length === 0 ? undefined : decodeAbort(error.userData);
  } catch {
    return undefined;
  }
}

function acse(apdu: Apdu): Pdv {
  return { contextId: ACSE_CONTEXT, value: encodeApdu(apdu) };
}

function apduIn(pdvs: readonly Pdv[]): Apdu | undefined {
  const pdv = pdvs.find(({ contextId }) => contextId === ACSE_CONTEXT);
  return pdv && decodeApdu(pdv.value);
}

function resultFor(
  { abstractSyntax, transferSyntaxes = [] }: PresentationContext,
  known: readonly string[] | undefined,
): ContextResult {
  const isKnown = abstractSyntax === ACSE_SYNTAX || !known || known.includes(abstractSyntax);
  // X.226, provider reason of a result: 1 abstract syntax not supported, 2 no transfer syntax.
  if (!isKnown) return { result: "provider-rejection", reason: 1 };
  if (!transferSyntaxes.includes(BER_SYNTAX)) return { result: "provider-rejection", reason: 2 };
  return { result: "accepted", transferSyntax: BER_SYNTAX };
}

function acceptedIds(
  contexts: readonly PresentationContext[],
  results: readonly ContextResult[],
): ReadonlySet<number> {
  const ids = contexts.filter((_, i) => results[i]?.result === "accepted").map(({ id }) => id);
  return new Set(ids);
}

/** What a refused S-CONNECT says above the session: CPR, and AARE in it. */
function refusalOf(error: unknown): unknown {
  if (!(error instanceof SessionError) || error.code !== "ERR_REFUSED") return error;
  const { userData } = error as SessionError & { userData?: Uint8Array };
  if (!userData || userData.length === 0)
    return new AssociationRefused(error.message, undefined, error);
  try {
    const { providerReason, userData: pdvs } = decodeReject(userData);
    const aare = apduIn(pdvs);
    const isAare = aare?.type === "AARE";
    const why = isAare
      ? `AARE ${aare.result}, diagnostic ${aare.diagnostic.source} ${aare.diagnostic.value}`
      : `CPR, provider reason ${providerReason}`;
    return new AssociationRefused(why, isAare ? aare : undefined, error);
  } catch (cause) {
    return new AssociationRefused(error.message, undefined, cause);
  }
}
