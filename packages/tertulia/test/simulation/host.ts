/**
 * A computer of the simulation: a clock of its own, which is wrong, and sleep; and a driver on it,
 * which does for one session machine what the library's does with sockets.
 */

import type { SessionError } from "../../src/pure/errors.ts";
import type { SessionMachine } from "../../src/pure/native/machine.ts";
import type { MachineChanges, SessionEvent } from "../../src/pure/native/session-output.ts";
import type { VirtualClock } from "../../src/testing/clock.ts";
import type { Wire, WireEnd, WireSide } from "../../src/testing/network.ts";

export class Host {
  readonly name: string;
  readonly clock: VirtualClock;
  /** What its clock shows more than the world's. */
  #ahead: number;
  #wakesAt = 0;

  constructor(name: string, clock: VirtualClock, ahead: number) {
    this.name = name;
    this.clock = clock;
    this.#ahead = ahead;
  }

  get now(): number {
    return this.clock.now + this.#ahead;
  }

  /** Does nothing for a while; then everything that came meanwhile, in order. */
  sleep(ms: number, isClockStopped: boolean): void {
    if (this.#wakesAt > this.clock.now) return;
    this.#wakesAt = this.clock.now + ms;
    if (isClockStopped)
      this.clock.in(ms, () => {
        this.#ahead -= ms;
      });
  }

  /** Has something happen as soon as this host is awake. */
  awake(happen: () => void): void {
    if (this.#wakesAt > this.clock.now) this.clock.at(this.#wakesAt, happen);
    else happen();
  }

  /** Has something happen when this host's clock shows a time, if it is awake then. */
  at(time: number, happen: () => void): void {
    this.clock.at(time - this.#ahead, () => this.awake(happen));
  }
}

/** What a driver asks of whoever made it. */
export interface DriverOptions {
  readonly host: Host;
  /** Opens a transport; says `opened` or `ended`. */
  readonly dial?: (transport: number, location: string | undefined) => void;
  /** Has something stored; says `stored` or `storeFailed`. */
  readonly store?: (mark: number, changes: MachineChanges) => void;
  readonly happened: (event: SessionEvent) => void;
  /** After everything that the machine said was done. */
  readonly settled: () => void;
  readonly trace: (line: string) => void;
}

export class Driver {
  readonly host: Host;
  readonly wires: Map<number, readonly [Wire, WireSide]> = new Map();
  machine!: SessionMachine;
  readonly #options: DriverOptions;
  #isSettling = false;
  #isAgain = false;
  #timerAt = Number.POSITIVE_INFINITY;

  constructor(options: DriverOptions) {
    this.host = options.host;
    this.#options = options;
  }

  /** Takes a machine, and the wire that it was made on. */
  start(machine: SessionMachine, transport: number, wire?: Wire, side: WireSide = 0): void {
    this.machine = machine;
    if (wire) this.plug(transport, wire, side);
    this.settle();
  }

  plug(transport: number, wire: Wire, side: WireSide): void {
    this.wires.set(transport, [wire, side]);
    wire.attach(side, new Plug(this, transport));
  }

  /** A dialled wire is there. */
  opened(transport: number, wire: Wire, side: WireSide, binding: Uint8Array): void {
    this.plug(transport, wire, side);
    this.machine.opened(transport, binding);
    this.settle();
  }

  received(transport: number, octets: Uint8Array): void {
    this.machine.receive(transport, octets, this.host.now);
    this.settle();
  }

  drained(transport: number): void {
    if (transport !== this.machine.currentTransport) return;
    this.machine.isClogged = false;
    this.settle();
  }

  ended(transport: number, error?: SessionError): void {
    this.#options.trace(`transport ${transport} ended${error ? `: ${error.message}` : ""}`);
    this.wires.delete(transport);
    this.machine.ended(transport, this.host.now, error);
    this.settle();
  }

  /** Whether the wire of the moment carries octets both ways. */
  get wire(): readonly [Wire, WireSide] | undefined {
    return this.wires.get(this.machine.currentTransport ?? -1);
  }

  /** Does everything that the machine says, and sees to its timer. */
  settle(): void {
    if (this.#isSettling) {
      this.#isAgain = true;
      return;
    }
    this.#isSettling = true;
    do {
      this.#isAgain = false;
      this.#poll();
    } while (this.#isAgain);
    this.#isSettling = false;
    this.#schedule();
    this.#options.settled();
  }

  #poll(): void {
    const { machine } = this;
    for (let out = machine.poll(this.host.now); out; out = machine.poll(this.host.now)) {
      switch (out.type) {
        case "send": {
          const wire = this.wires.get(out.transport);
          if (wire === undefined || wire[0].write(wire[1], out.chunks)) break;
          if (out.transport === machine.currentTransport) machine.isClogged = true;
          break;
        }
        case "close": {
          const wire = this.wires.get(out.transport);
          this.#options.trace(
            `closes ${out.transport}${out.error ? `: ${out.error.message}` : ""}`,
          );
          this.wires.delete(out.transport);
          if (wire && out.error) wire[0].abort(wire[1]);
          else wire?.[0].end(wire[1]);
          break;
        }
        case "dial":
          this.#options.trace(`dials ${out.transport}`);
          this.#options.dial?.(out.transport, out.location);
          break;
        case "store":
          this.#options.store?.(out.mark, out.changes);
          break;
        case "event":
          this.#options.happened(out.event);
      }
    }
  }

  #schedule(): void {
    const { deadline } = this.machine;
    if (deadline === undefined || deadline >= this.#timerAt) return;
    this.#timerAt = deadline;
    this.host.at(deadline, () => {
      if (this.#timerAt !== deadline) return;
      this.#timerAt = Number.POSITIVE_INFINITY;
      if ((this.machine.deadline ?? Number.POSITIVE_INFINITY) <= this.host.now) {
        this.machine.tick(this.host.now);
        this.settle();
      } else this.#schedule();
    });
  }
}

/** Where a wire tells a driver what happens, once its host is awake. */
class Plug implements WireEnd {
  readonly #driver: Driver;
  readonly #transport: number;

  constructor(driver: Driver, transport: number) {
    this.#driver = driver;
    this.#transport = transport;
  }

  received(octets: Uint8Array): void {
    this.#driver.host.awake(() => this.#driver.received(this.#transport, octets));
  }

  drained(): void {
    this.#driver.host.awake(() => this.#driver.drained(this.#transport));
  }

  ended(error?: SessionError): void {
    this.#driver.host.awake(() => this.#driver.ended(this.#transport, error));
  }
}
