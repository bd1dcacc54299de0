/**
 * A dialogue: the session service of X.215 with its own words, over any transport connection.
 *
 * Requests are methods; what the standard confirms is a promise; what the peer does is an async
 * iterable of indications. The state tables decide what is allowed.
 *
 * @module
 */

import type {
  ConnectParameters,
  EventType,
  SessionEvent,
  SessionRequest,
} from "../pure/iso8327/primitives.ts";
import type { LinkingInformation } from "../pure/iso8327/spdu.ts";
import type { State } from "../pure/iso8327/table.ts";
import type { FunctionalUnit, Token } from "../pure/iso8327/units.ts";
import { NO_OCTETS } from "../pure/octets.ts";
import type { Indication } from "./indication.ts";
import type { MinorPoint } from "./points.ts";
import { type DialogueOptions, Provider } from "./provider.ts";
import type { TransportConnection } from "./transport.ts";

/** The parameters of an S-CONNECT request. All optional. */
export interface ConnectOptions extends ConnectParameters {
  /** User data of S-CONNECT. Default: none. */
  readonly userData?: Uint8Array;
}

/** The parameters of an S-CONNECT response. */
export type AcceptOptions = Pick<
  SessionRequest,
  | "connectionIdentifier"
  | "functionalUnits"
  | "initialSerialNumber"
  | "secondInitialSerialNumber"
  | "tokenSettings"
  | "tokens"
  | "userData"
> & {
  /** Our session selector, to be told. */
  readonly selector?: Uint8Array;
};

/** The parameters of a negative S-CONNECT response. All optional. */
export type RefuseOptions = Pick<
  SessionRequest,
  "connectionIdentifier" | "functionalUnits" | "keepTransport" | "reason" | "userData"
>;

/** The parameters of an S-RESYNCHRONIZE request: what kind, and to which serial number. */
export type ResynchronizeOptions = Pick<
  SessionRequest,
  | "resyncType"
  | "secondResyncType"
  | "secondSerialNumber"
  | "serialNumber"
  | "tokenSettings"
  | "userData"
>;

const allTokens = ["data", "minor", "major", "release"] as const;
const DONE: Promise<void> = Promise.resolve();

/**
 * The session service of X.215 over a transport connection. Requests are methods, confirms their
 * promises; indications are iterated.
 */
export class Dialogue implements AsyncIterable<Indication>, AsyncDisposable {
  readonly #provider: Provider;

  constructor(transport: TransportConnection, options: DialogueOptions = {}) {
    this.#provider = new Provider(transport, options);
  }

  /** The state of the machine, by its name in X.225. */
  get state(): State {
    return this.#provider.machine.state;
  }

  /** The functional units that both agreed on; empty before. */
  get functionalUnits(): readonly FunctionalUnit[] {
    return this.#provider.machine.functionalUnits;
  }

  /** The tokens that are on this side. */
  get tokens(): readonly Token[] {
    return this.#provider.machine.tokens;
  }

  /** The serial number that the next synchronization point of this side will have. */
  get nextSerialNumber(): number {
    const { VM, VMs, units } = this.#provider.machine.variables;
    return (units & 0x0800) !== 0 ? VMs : VM;
  }

  /** The lowest serial number that is not confirmed yet. */
  get unconfirmedSerialNumber(): number {
    const { VA, VAs, units } = this.#provider.machine.variables;
    return (units & 0x0800) !== 0 ? VAs : VA;
  }

  /** Whether an activity is in progress. */
  get isInActivity(): boolean {
    return this.#provider.machine.variables.Vact;
  }

  /** What the peer answered to our S-CONNECT: the confirm primitive. */
  get confirm(): SessionEvent | undefined {
    return this.#provider.confirm;
  }

  /**
   * After a restart: the confirms that requests of the process before wait for, such as `SSYNMcnf`.
   */
  get unanswered(): ReadonlyMap<EventType, Promise<SessionEvent>> {
    return this.#provider.unanswered;
  }

  /** The minor points of ours that are not confirmed. */
  get unconfirmedPoints(): readonly MinorPoint[] {
    return this.#provider.points.unconfirmed;
  }

  /** Whether the dialogue is over. The transport may have been kept for another one. */
  get isEnded(): boolean {
    return this.#provider.isEnded;
  }

  /** Whether so much waits to be sent that the next `data` should be awaited. */
  get mustWait(): boolean {
    return this.#provider.transport.room !== undefined;
  }

  /** S-CONNECT request; {@link connectDialogue} calls it. */
  async connect(parameters: ConnectOptions = {}): Promise<void> {
    this.#provider.confirm = await this.#provider.ask(
      { ...parameters, type: "SCONreq" },
      "SCONcnf+",
    );
  }

  /** The S-CONNECT indication; {@link awaitDialogue} calls it. */
  asked(): Promise<Indication> {
    return this.#provider.asked();
  }

  /** S-CONNECT response, positive. */
  accept({ selector, ...options }: AcceptOptions = {}): void {
    this.#provider.say({
      type: "SCONrsp+",
      ...options,
      ...(selector && { calledSelector: selector }),
    });
  }

  /** S-CONNECT response, negative. */
  refuse(options: RefuseOptions = {}): void {
    this.#provider.say({ type: "SCONrsp-", ...options });
  }

  /**
   * S-DATA request.
   *
   * Settled already unless the peer or the network is slow: awaiting it is backpressure.
   *
   * @param userData - At least one octet, handed over for good: nobody may write into it any more.
   * @throws {SessionError} `ERR_STATE` without the data token in half-duplex, or out of turn.
   */
  data(userData: Uint8Array): Promise<void> {
    return this.#send("SDTreq", userData);
  }

  /** S-TYPED-DATA request: data that needs no token. */
  typedData(userData: Uint8Array): Promise<void> {
    return this.#send("STDreq", userData);
  }

  /** S-EXPEDITED-DATA request: 1 to 14 octets that may overtake data. */
  expeditedData(userData: Uint8Array): Promise<void> {
    return this.#send("SEXreq", userData);
  }

  /** S-CAPABILITY-DATA request, between activities. Resolves with what the peer answered. */
  async capabilityData(userData: Uint8Array = NO_OCTETS): Promise<Uint8Array> {
    return (await this.#provider.ask({ type: "SCDreq", userData }, "SCDcnf")).userData;
  }

  /** S-CAPABILITY-DATA response. */
  respondCapabilityData(userData: Uint8Array = NO_OCTETS): void {
    this.#provider.say({ type: "SCDrsp", userData });
  }

  /** S-TOKEN-GIVE request. */
  giveTokens(tokens: readonly Token[], userData: Uint8Array = NO_OCTETS): void {
    this.#provider.say({ type: "SGTreq", tokens, userData });
  }

  /** S-TOKEN-PLEASE request. */
  pleaseTokens(tokens: readonly Token[], userData: Uint8Array = NO_OCTETS): void {
    this.#provider.say({ type: "SPTreq", tokens, userData });
  }

  /** S-CONTROL-GIVE request: all tokens, between activities. */
  giveControl(userData: Uint8Array = NO_OCTETS): void {
    this.#provider.say({ type: "SCGreq", userData });
  }

  /**
   * S-SYNC-MINOR request: marks a point in the dialogue.
   *
   * @param options.explicit - Whether the peer is asked to confirm. Default true.
   * @param options.separation - Whether what follows survives a purge of what came before.
   */
  syncMinor(
    options: Pick<SessionRequest, "explicit" | "separation" | "userData"> = {},
  ): MinorPoint {
    const serialNumber = this.nextSerialNumber;
    this.#provider.say({ type: "SSYNmreq", ...options });
    return this.#provider.points.add(serialNumber);
  }

  /**
   * S-SYNC-MINOR response: confirms the point of this number, and all before it.
   *
   * The number is that of the indication; more points may have come that are not read yet.
   */
  respondSyncMinor(serialNumber: number, userData: Uint8Array = NO_OCTETS): void {
    this.#provider.say({ type: "SSYNmrsp", serialNumber, userData });
  }

  /** S-SYNC-MAJOR request. Resolves with the serial number when the peer has confirmed it. */
  async syncMajor(userData: Uint8Array = NO_OCTETS): Promise<number> {
    const serialNumber = this.nextSerialNumber;
    await this.#provider.ask({ type: "SSYNMreq", userData }, "SSYNMcnf");
    return serialNumber;
  }

  /** S-SYNC-MAJOR response: confirms the point, and all before it. */
  respondSyncMajor(userData: Uint8Array = NO_OCTETS): void {
    this.#provider.say({ type: "SSYNMrsp", userData });
  }

  /**
   * S-RESYNCHRONIZE request: sets the dialogue back. What is on its way is thrown away.
   *
   * Resolves with the confirm: the serial number and the token settings in force. Tokens stay where
   * they are unless `tokenSettings` says otherwise.
   *
   * @throws {SessionError} `ERR_REFUSED` when a request of the peer prevailed over this one.
   */
  resynchronize(options: ResynchronizeOptions = {}): Promise<SessionEvent> {
    const mine = this.tokens;
    const tokenSettings = Object.fromEntries(
      allTokens.map((token) => [token, mine.includes(token) ? "requestor" : "acceptor"] as const),
    );
    return this.#provider.ask({ type: "SRSYNreq", tokenSettings, ...options }, "SRSYNcnf");
  }

  /** S-RESYNCHRONIZE response. Default: the serial number and the tokens that were proposed. */
  respondResynchronize(
    options: Pick<
      SessionRequest,
      "secondSerialNumber" | "serialNumber" | "tokenSettings" | "userData"
    > = {},
  ): void {
    this.#provider.say({ type: "SRSYNrsp", ...options });
  }

  /** S-U-EXCEPTION-REPORT request. */
  reportException(reason = 0, userData: Uint8Array = NO_OCTETS): void {
    this.#provider.say({ type: "SUERreq", reason, userData });
  }

  /** S-ACTIVITY-START request: an identifier of 1 to 6 octets. */
  startActivity(activityIdentifier: Uint8Array, userData: Uint8Array = NO_OCTETS): void {
    this.#provider.say({ type: "SACTSreq", activityIdentifier, userData });
  }

  /** S-ACTIVITY-RESUME request: goes on with an activity that was interrupted, here or elsewhere. */
  resumeActivity(
    activityIdentifier: Uint8Array,
    linkingInformation: LinkingInformation,
    userData: Uint8Array = NO_OCTETS,
  ): void {
    this.#provider.say({ type: "SACTRreq", activityIdentifier, linkingInformation, userData });
  }

  /** S-ACTIVITY-INTERRUPT request: stops the activity so that it can be resumed. */
  async interruptActivity(reason = 0, userData: Uint8Array = NO_OCTETS): Promise<void> {
    await this.#provider.ask({ type: "SACTIreq", reason, userData }, "SACTIcnf");
  }

  /** S-ACTIVITY-INTERRUPT response. */
  respondInterruptActivity(userData: Uint8Array = NO_OCTETS): void {
    this.#provider.say({ type: "SACTIrsp", userData });
  }

  /** S-ACTIVITY-DISCARD request: stops the activity as if it had never been. */
  async discardActivity(reason = 0, userData: Uint8Array = NO_OCTETS): Promise<void> {
    await this.#provider.ask({ type: "SACTDreq", reason, userData }, "SACTDcnf");
  }

  /** S-ACTIVITY-DISCARD response. */
  respondDiscardActivity(userData: Uint8Array = NO_OCTETS): void {
    this.#provider.say({ type: "SACTDrsp", userData });
  }

  /** S-ACTIVITY-END request. Resolves with the serial number of its last point when confirmed. */
  async endActivity(userData: Uint8Array = NO_OCTETS): Promise<number> {
    const serialNumber = this.nextSerialNumber;
    await this.#provider.ask({ type: "SACTEreq", userData }, "SACTEcnf");
    return serialNumber;
  }

  /** S-ACTIVITY-END response: confirms the activity's last point. */
  respondEndActivity(userData: Uint8Array = NO_OCTETS): void {
    this.#provider.say({ type: "SACTErsp", userData });
  }

  /**
   * S-RELEASE request. Resolves with the peer's answer; after an affirmative one the dialogue is over.
   *
   * @param options.keepTransport - Whether the transport connection is to be kept for another dialogue.
   */
  async release(
    options: Pick<SessionRequest, "keepTransport" | "userData"> = {},
  ): Promise<{ readonly affirmative: boolean; readonly userData: Uint8Array }> {
    const { type, userData } = await this.#provider.ask(
      { type: "SRELreq", ...options },
      "SRELcnf+",
    );
    return { affirmative: type === "SRELcnf+", userData };
  }

  /** S-RELEASE response. Negative only with the functional unit negotiated release. */
  respondRelease(affirmative = true, userData: Uint8Array = NO_OCTETS): void {
    this.#provider.say({ type: affirmative ? "SRELrsp+" : "SRELrsp-", userData });
  }

  /** S-U-ABORT request: ends the dialogue at once. Calling it again does nothing. */
  abort(userData: Uint8Array = NO_OCTETS): void {
    if (!this.isEnded) this.#provider.abort(userData);
  }

  /** The indications, until the dialogue is over. Iterated once; throws how it was aborted. */
  [Symbol.asyncIterator](): AsyncIterator<Indication, undefined> {
    return {
      next: () => this.#provider.inbox.next(),
      return: async () => ({ done: true, value: undefined }),
    };
  }

  /** The next indication, or `undefined` when the dialogue is over. */
  async next(): Promise<Indication | undefined> {
    return (await this.#provider.inbox.next()).value;
  }

  /** Aborts unless the dialogue is over. Never waits for the peer. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#provider.dispose();
  }

  #send(type: "SDTreq" | "STDreq" | "SEXreq", userData: Uint8Array): Promise<void> {
    this.#provider.say({ type, userData });
    return this.#provider.transport.room ?? DONE;
  }
}
