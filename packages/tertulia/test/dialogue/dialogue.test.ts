import { transportPair } from "../../src/dialogue/memory.ts";
import { serviceContract } from "./service-contract.ts";

serviceContract({
  name: "memory",
  connect: async (options) => transportPair(options),
  close: async () => {},
});
