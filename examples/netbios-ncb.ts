/**
 * The NetBIOS commands of old, as promises: ADD NAME, LISTEN, CALL, SEND, RECEIVE ANY, HANG UP.
 *
 *     node examples/netbios-ncb.ts
 */

import { openNcb, openNetbios } from "tertulia/netbios";

const ports = { namePort: 12137, datagramPort: 12138, sessionPort: 12139 };
await using one = await openNetbios({ address: "127.0.0.2", ...ports });
await using two = await openNetbios({ address: "127.0.0.3", ...ports });
const [server, client] = [openNcb(one), openNcb(two)];
await Promise.all([server.addName("SERVER"), client.addName("CLIENT")]);

const listening = server.listen("SERVER", "*");
const number = await client.call("CLIENT", "SERVER");
const { remote } = await listening;
await client.send(number, new TextEncoder().encode(`from ${remote}`));
const { userData } = await server.receiveAny();
console.log(new TextDecoder().decode(userData));
await client.hangUp(number);
