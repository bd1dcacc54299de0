import { transportPair } from "../../src/dialogue/memory.ts";
import { serviceContract } from "./service-contract.ts";

serviceContract({
  name: "memory",
  connect: async (options) => transportPair(options),
  close: async () => {},
});

serviceContract({
  name: "memory, with what is requested in one turn concatenated",
  connect: async (options) => transportPair(options),
  close: async () => {},
  dialogue: { concatenate: true },
});
