/** A listener that keeps its sessions, in a process of its own: `listener.ts PORT STORE`. */

import { listen, type Session } from "tertulia";
import { openSqliteStore } from "tertulia/stores/sqlite";

const [, , port = "0", path = ""] = process.argv;
const store = await openSqliteStore(path);
const listener = await listen(`tcp://127.0.0.1:${port}`, { store });
process.send?.({ port: listener.port });
process.on("disconnect", () => process.exit(0));
for await (const session of listener) void take(session);

async function take(session: Session): Promise<void> {
  await session.consume(() => {}).catch(() => {});
}
