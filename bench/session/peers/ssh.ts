/**
 * Microsoft's Dev Tunnels SSH: the one other session in Node that resumes in both directions. Its
 * channels are used as it says, one `send` a message, encrypted, as its reconnection demands.
 *
 * @module
 */

import { connect as connectSocket, createServer, type Socket } from "node:net";
import ssh, { type SshChannel } from "@microsoft/dev-tunnels-ssh";
import type { Connection, Peer } from "../peer.ts";

const { NodeStream, SshAlgorithms, SshProtocolExtensionNames } = ssh;

export function devTunnelsSsh(): Peer {
  const configuration = new ssh.SshSessionConfiguration();
  configuration.protocolExtensions.push(SshProtocolExtensionNames.sessionReconnect);
  return {
    async listen(accept) {
      const keyPair = await SshAlgorithms.publicKey["ecdsaSha2Nistp256"]?.generateKeyPair();
      if (!keyPair) throw new Error("no host key");
      const reconnectable: InstanceType<typeof ssh.SshServerSession>[] = [];
      const server = createServer(async (socket) => {
        const session = new ssh.SshServerSession(configuration, reconnectable);
        session.credentials = { publicKeys: [keyPair] };
        session.onAuthenticating((event) => {
          event.authenticationPromise = Promise.resolve({});
        });
        session.onChannelOpening((event) => {
          accept(connectionOf(event.channel, socket));
        });
        session.connect(new NodeStream(socket)).catch(() => {});
      });
      return new Promise((resolve) => {
        server.listen({ port: 0, host: "127.0.0.1", backlog: 1024 }, () => {
          resolve((server.address() as { port: number }).port); // it is TCP
        });
      });
    },
    async connect(port) {
      const socket = connectSocket(port, "127.0.0.1");
      await new Promise((resolve, reject) => {
        socket.once("connect", resolve);
        socket.once("error", reject);
      });
      const session = new ssh.SshClientSession(configuration);
      session.onAuthenticating((event) => {
        event.authenticationPromise = Promise.resolve({});
      });
      await session.connect(new NodeStream(socket));
      await session.authenticate({ username: "bench", publicKeys: [] });
      return connectionOf(await session.openChannel(), socket);
    },
  };
}

function connectionOf(channel: SshChannel, socket: Socket): Connection {
  socket.setNoDelay(true);
  socket.on("error", () => {});
  return {
    receive(handler) {
      channel.onDataReceived((octets) => {
        handler(octets);
        channel.adjustWindow(octets.length);
      });
    },
    send: (octets) => channel.send(octets as Buffer), // the bench sends buffers
    close: () => socket.resetAndDestroy(),
  };
}
