/*
 * Connects whatever comes to one port with another, both ways: the least that a relay can do. A process a
 * direction, which blocks in read and write and does nothing else.
 *
 *     relay HOST FROM TARGET-HOST TO
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PIECE_OCTETS = 64 * 1024 };

static struct sockaddr_in address(const char *host, const char *port) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(atoi(port))};
  inet_pton(AF_INET, host, &at.sin_addr);
  return at;
}

static void send_at_once(int socket) {
  int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static void copy(int from, int to) {
  static char piece[PIECE_OCTETS];
  for (;;) {
    ssize_t octets = read(from, piece, sizeof piece);
    if (octets <= 0) break;
    for (ssize_t done = 0; done < octets;) {
      ssize_t written = write(to, piece + done, octets - done);
      if (written <= 0) return;
      done += written;
    }
  }
  shutdown(to, SHUT_WR);
}

int main(int count, char **words) {
  if (count != 5) return 2;
  struct sockaddr_in at = address(words[1], words[2]);
  struct sockaddr_in target = address(words[3], words[4]);
  int on = 1;
  int listening = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listening, (struct sockaddr *)&at, sizeof at) != 0) return 3;
  if (listen(listening, 1024) != 0) return 3;
  signal(SIGCHLD, SIG_IGN);
  for (;;) {
    int near = accept(listening, NULL, NULL);
    if (near < 0) return 1;
    if (fork() != 0) {
      close(near);
      continue;
    }
    close(listening);
    int far = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(far, (struct sockaddr *)&target, sizeof target) != 0) return 3;
    send_at_once(near);
    send_at_once(far);
    if (fork() == 0) copy(far, near);
    else copy(near, far);
    return 0;
  }
}
