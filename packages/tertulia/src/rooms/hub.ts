/**
 * Rooms by name, on the responder's side: what one member says, all others in the room hear.
 *
 * A member whose link breaks stays in the room, and hears everything once it is back. What waits for
 * one member is bounded; who is slow makes the others wait a moment, and then misses something and
 * is told how much.
 *
 * Where sessions are kept in a store, what one says goes into the journals of all the others in one
 * transaction with the speaker's cursor: however the node dies, each hears it once.
 *
 * @module
 */

import { formatFingerprint } from "../auth/fingerprint.ts";
import { type Backlog, openBacklog } from "../io/backlog.ts";
import type { Session } from "../io/session.ts";
import { SessionError } from "../pure/errors.ts";
import type { Message } from "../pure/native/message.ts";
import { decodeUtf8, utf8 } from "../pure/octets.ts";
import { parseRoomRequest, type RoomEvent, type RoomMember, type RoomRequest } from "./messages.ts";

/** How much may wait for members, and how many rooms and members there may be. All optional. */
export interface RoomHubOptions {
  /**
   * Octets that may wait for one member. At least its window, or one that keeps up would miss
   * something. Default: 8 MiB, twice the largest window.
   */
  readonly backlogOctetsMax?: number;
  /**
   * Octets that may wait for one member in the store, where sessions are kept: then the oldest go, and it
   * is told how many. Default: 64 MiB.
   */
  readonly storedOctetsMax?: number;
  /** How long a speaker waits for a slow listener, once. Default: 2,000. */
  readonly patienceMs?: number;
  /** The rooms that there are. Default: whatever members call them. */
  readonly rooms?: readonly string[];
  /** Members of one room. Default: 1,000. */
  readonly membersMax?: number;
  /** Told who comes and goes, for logs. Default: nobody is. */
  readonly onChange?: (change: RoomChange) => void;
}

/** Somebody came into a room, or left it. */
export interface RoomChange {
  readonly type: "arrived" | "left" | "suspended" | "resumed";
  readonly room: string;
  readonly name: string;
  readonly session: Session;
}

/**
 * Rooms by name: what one member says, all others in the room hear. Give it each session with
 * `serve`.
 */
export class RoomHub {
  readonly #options: RoomHubOptions & {
    backlogOctetsMax: number;
    storedOctetsMax: number;
    patienceMs: number;
    membersMax: number;
  };
  readonly #rooms = new Map<string, Map<string, Member>>();
  /** Members that were in a store, until they are served. */
  readonly #restored = new Map<Session, Member>();

  constructor(options: RoomHubOptions = {}) {
    this.#options = {
      backlogOctetsMax: 8 * 1024 * 1024,
      storedOctetsMax: 64 * 1024 * 1024,
      patienceMs: 2000,
      membersMax: 1000,
      ...options,
    };
  }

  /** The names of the rooms that somebody is in. */
  get rooms(): string[] {
    return [...this.#rooms.keys()];
  }

  /** Who is in a room. */
  members(room: string): RoomMember[] {
    return Array.from(this.#rooms.get(room)?.values() ?? [], (member) => member.view);
  }

  /**
   * Serves one member until its session has ended, however; never rejects.
   *
   * @example
   * for await (const session of listener) void hub.serve(session);
   */
  async serve(session: Session): Promise<void> {
    const member = this.#restored.get(session) ?? this.#member(session);
    this.#restored.delete(session);
    const changes = session.changes();
    const watching = (async () => {
      for await (const { type } of changes) this.#changed(member, type);
    })();
    let reason: string | undefined;
    try {
      await member.open(this.#options.storedOctetsMax);
      await session.consume((message) => this.#handle(member, message));
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error);
      session.abort(reason);
    }
    // One that is parked has not left: it goes on where its store is opened again.
    if (session.end?.outcome !== "parked") this.#leave(member, reason);
    await watching;
  }

  /**
   * Puts the members that a store has kept back into their rooms, before any of them is served: so that
   * none misses what the first one says.
   *
   * @example
   * await using listener = await listen("tcp://127.0.0.1:7700", { store, keepsAll: true });
   * await hub.restore(listener.sessions.values());
   */
  async restore(sessions: Iterable<Session>): Promise<void> {
    for (const session of sessions) {
      const place = placeOf(await session.readNote());
      if (place === undefined) continue;
      const member = this.#member(session);
      await member.open(this.#options.storedOctetsMax);
      ({ room: member.room, name: member.name } = place);
      this.#restored.set(session, member);
      const members = this.#rooms.get(place.room) ?? new Map<string, Member>();
      this.#rooms.set(place.room, members.set(place.name, member));
    }
  }

  #member(session: Session): Member {
    return new Member(session, this.#options.backlogOctetsMax);
  }

  #handle(member: Member, message: Message): void | Promise<void> {
    const request = parseRoomRequest(message.value);
    if (member.session.isKept) return this.#handleAtOnce(member, request);
    return this.#do(member, request);
  }

  /** What comes of it is stored in one transaction with its being settled. */
  async #handleAtOnce(member: Member, request: RoomRequest): Promise<void> {
    let sessions = this.#concerned(member, request);
    for (let busy = busyOf(sessions); busy; busy = busyOf(sessions)) {
      await busy.stored();
      sessions = this.#concerned(member, request);
    }
    const done = this.#do(member, request);
    // Whoever serves it sees how it ends.
    for (const session of sessions) session.stored().catch(() => {});
    member.session.commit().catch(() => {});
    await done;
  }

  /** Everybody whom a request has something told. */
  #concerned({ session, room }: Member, request: RoomRequest): Session[] {
    const rooms = request.type === "join" ? [room, request.room] : [room];
    const members = rooms.flatMap((one) => [...(this.#rooms.get(one)?.values() ?? [])]);
    return [session, ...members.map((member) => member.session)];
  }

  #do(member: Member, request: RoomRequest): void | Promise<void> {
    switch (request.type) {
      case "join":
        return this.#join(member, request);
      case "who":
        return member.tell({ type: "members", members: this.members(member.room) });
      case "say":
        if (member.room === "")
          return member.tell({ type: "refused", message: "join a room first" });
        return this.#tellOthers(member, { type: "said", name: member.name, text: request.text });
    }
  }

  #join(member: Member, { room, name }: Extract<RoomRequest, { type: "join" }>): void {
    this.#leave(member, undefined);
    const { rooms } = this.#options;
    if (rooms && !rooms.includes(room)) {
      const message = `there is no room ${room}; there is ${rooms.join(", ")}`;
      return void member.tell({ type: "refused", message });
    }
    const members = this.#rooms.get(room) ?? new Map<string, Member>();
    if (members.size >= this.#options.membersMax) {
      return void member.tell({ type: "refused", message: `${room} is full` });
    }
    this.#rooms.set(room, members);
    member.room = room;
    member.name = freeName(name, members);
    members.set(member.name, member);
    member.session.note(utf8(JSON.stringify({ room, name: member.name })));
    void member.tell({ type: "joined", room, name: member.name, members: this.members(room) });
    void this.#tellOthers(member, { type: "arrived", member: member.view });
    this.#options.onChange?.({ type: "arrived", room, name: member.name, session: member.session });
  }

  #leave(member: Member, reason: string | undefined): void {
    const { room, name, session } = member;
    const members = this.#rooms.get(room);
    if (members?.get(name) !== member) return;
    void this.#tellOthers(member, { type: "left", name, ...(reason !== undefined && { reason }) });
    members.delete(name);
    if (members.size === 0) this.#rooms.delete(room);
    member.room = "";
    this.#options.onChange?.({ type: "left", room, name, session });
  }

  #changed(member: Member, type: string): void {
    if (type !== "suspended" && type !== "resumed") return;
    member.sayMissed();
    const { room, name, session } = member;
    if (room === "") return;
    const state = type === "suspended" ? "suspended" : "connected";
    void this.#tellOthers(member, { type: "link", name, state });
    this.#options.onChange?.({ type, room, name, session });
  }

  /** Resolves when the next may be told: when all have taken it, or have had their time. */
  async #tellOthers(speaker: Member, event: RoomEvent): Promise<void> {
    const waitedFor: Member[] = [];
    const told: Promise<void>[] = [];
    for (const member of this.#rooms.get(speaker.room)?.values() ?? []) {
      if (member === speaker) continue;
      const taken = member.tell(event);
      if (!member.isWaitedFor) continue;
      waitedFor.push(member);
      told.push(taken);
    }
    if (told.length === 0) return;
    const { promise: patience, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(() => {
      for (const member of waitedFor) member.isSlow = member.isBusy;
      resolve();
    }, this.#options.patienceMs);
    await Promise.race([Promise.all(told), patience]);
    clearTimeout(timer);
  }
}

/** One session in the hub. */
class Member {
  readonly session: Session;
  room = "";
  name = "";
  /** It had its chance: others do not wait for it until it has caught up. */
  isSlow = false;
  readonly #backlogOctetsMax: number;
  /** Where what it is told waits, when that is kept. */
  #backlog: Backlog | undefined;
  #missed = 0;
  /** What it was told and has no room for yet. */
  #untaken = 0;

  constructor(session: Session, backlogOctetsMax: number) {
    this.session = session;
    this.#backlogOctetsMax = backlogOctetsMax;
  }

  /** Has what it is told wait in the store, if there is one. */
  async open(octetsMax: number): Promise<void> {
    if (!this.session.isKept || this.#backlog) return;
    this.#backlog = await openBacklog(this.session, {
      octetsMax,
      whenFull: "shed",
      gapMessage: ({ from, to }): RoomEvent => ({ type: "missed", count: to - from + 1 }),
    });
  }

  get view(): RoomMember {
    const { identity, state } = this.session;
    const key = identity.method === "ed25519" ? keyOf(identity.name) : undefined;
    return {
      name: this.name,
      state: state === "connected" ? "connected" : "suspended",
      ...(key !== undefined && { key }),
    };
  }

  get isBusy(): boolean {
    return this.#untaken > 0;
  }

  /** Whether a speaker waits until this one has taken what it was told. */
  get isWaitedFor(): boolean {
    return this.session.state === "connected" && !this.isSlow;
  }

  /** Tells it something, or counts it as missed. Resolves when it has room for more. */
  async tell(event: RoomEvent): Promise<void> {
    this.sayMissed();
    if (this.#missed > 0 || this.#isBehind(this.#backlogOctetsMax)) {
      if (event.type === "said") this.#missed += 1;
      return;
    }
    this.#untaken += 1;
    try {
      await (this.#backlog ?? this.session).send(event, { context: "json" });
    } catch (error) {
      // Or its session has ended: whoever serves it sees the same.
      if (error instanceof SessionError && error.code === "ERR_LIMIT") this.#missed += 1;
    }
    this.#untaken -= 1;
    if (this.#untaken > 0) return;
    this.isSlow = false;
    this.sayMissed();
  }

  /** Says how much it missed, once there is room to say so. */
  sayMissed(): void {
    const count = this.#missed;
    if (count === 0 || this.#isBehind(this.#backlogOctetsMax / 2)) return;
    this.#missed = 0;
    void this.tell({ type: "missed", count });
  }

  /** Whether too much waits in memory. What waits in the store gives way by itself. */
  #isBehind(octetsMax: number): boolean {
    return this.#backlog === undefined && this.session.backlogOctets > octetsMax;
  }
}

/** One that has to finish storing something before it can store something else, if there is one. */
function busyOf(sessions: readonly Session[]): Session | undefined {
  return sessions.find((session) => !session.isStoreReady && session.state !== "closed");
}

/** Where a member was, from its session's note; `undefined` when that is no member's. */
function placeOf(note: Uint8Array | undefined): { room: string; name: string } | undefined {
  if (note === undefined) return undefined;
  const place = parseRoomRequest({ ...JSON.parse(decodeUtf8(note) ?? "{}"), type: "join" });
  return place.type === "join" ? place : undefined;
}

/** The key behind an identity, unless the verifier has given it another name. */
function keyOf(name: string): string | undefined {
  return /^[0-9a-f]{64}$/.test(name) ? formatFingerprint(name) : undefined;
}

/** The name, or the first of `name-2`, `name-3`, … that is free. */
function freeName(name: string, taken: ReadonlyMap<string, unknown>): string {
  let free = name;
  for (let i = 2; taken.has(free); i += 1) free = `${name.slice(0, 28)}-${i}`;
  return free;
}
