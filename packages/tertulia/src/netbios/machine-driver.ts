/**
 * Runs a machine that exchanges packets: reads the clock, sets one timer, sends what comes out.
 *
 * @module
 */

import type { Endpoint } from "../pure/netbios/address.ts";
import type { PacketMachine, Via } from "../pure/netbios/packet-machine.ts";

export interface MachineDriverOptions<Event> {
  readonly send: (octets: Uint8Array, to: Endpoint, via: Via) => void;
  readonly told: (event: Event) => void;
}

export class MachineDriver<Event> {
  readonly #machine: PacketMachine<Event>;
  readonly #options: MachineDriverOptions<Event>;
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  #latest = 0;
  #isClosed = false;

  constructor(machine: PacketMachine<Event>, options: MachineDriverOptions<Event>) {
    this.#machine = machine;
    this.#options = options;
  }

  /**
   * Milliseconds since 1970, for records outlive the process; but never back, whatever happens to
   * the clock of this host.
   */
  now(): number {
    this.#latest = Math.max(this.#latest, Date.now());
    return this.#latest;
  }

  receive(octets: Uint8Array, from: Endpoint, via: Via = "udp"): void {
    if (this.#isClosed) return;
    const answer = this.#machine.answer?.(octets, this.now());
    if (answer) {
      this.#options.send(answer, from, via);
      return;
    }
    this.#machine.receive(octets, from, this.now(), via);
    this.settle();
  }

  /** Empties the machine, and sets the timer if it is due earlier than before. */
  settle(): void {
    const machine = this.#machine;
    for (let output = machine.poll(); output; output = machine.poll()) {
      if (output.type === "send") this.#options.send(output.octets, output.to, output.via);
      else this.#options.told(output.event);
    }
    const { deadline } = machine;
    if (deadline === undefined || deadline >= this.#timerAt || this.#isClosed) return;
    clearTimeout(this.#timer);
    this.#timerAt = deadline;
    // A timer that is longer would fire at once: 24.8 days is what fits 31 bits.
    const waitMs = Math.min(Math.max(0, deadline - this.now()), 0x7fffffff);
    this.#timer = setTimeout(() => this.#tick(), waitMs);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #tick(): void {
    this.#timerAt = Number.POSITIVE_INFINITY;
    this.#machine.tick(this.now());
    this.settle();
  }
}
