// The floor: what one send(2) per follower costs, with nothing else done.
//
//   floor --port PORT
//
// A websocket server on 127.0.0.1 that takes followers at any path, reads and drops what they send, and sends each line
// of its stdin to all of them, as one text frame that is made once. No log, no acknowledgement, no answer to a ping, no
// second chance: a follower whose socket does not take a frame whole is closed. It ends with the end of its stdin.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FILES_MAX = 20000, EVENTS_MAX = 512, LINE_BYTES_MAX = 1 << 20, REQUEST_BYTES_MAX = 4096, ACCEPTS_AT_ONCE = 256 };
enum { FREE, ASKED_NOTHING, FOLLOWS };

static uint8_t phases[FILES_MAX];
static int descriptors_max;
static char frame[LINE_BYTES_MAX + 16], line[LINE_BYTES_MAX];
static size_t line_length;

static void stop(const char *why) {
  fprintf(stderr, "floor: %s\n", why);
  exit(1);
}
static void let_go(int fd) {
  phases[fd] = FREE;
  close(fd);
}
static void accept_all(int listener, int poller) {
  for (int n = 0; n < ACCEPTS_AT_ONCE; n++) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), one = 1;
    if (fd < 0) return;
    if (fd >= FILES_MAX) {
      close(fd);
      continue;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    phases[fd] = ASKED_NOTHING;
    if (fd > descriptors_max) descriptors_max = fd;
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
  }
}
static void read_from(int fd) {
  // The accept that belongs to the key in RFC 6455's example, which is the swarm's.
  static const char answer[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                               "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
  char request[REQUEST_BYTES_MAX];
  ssize_t n = recv(fd, request, sizeof request, 0);
  if (n < 0 && errno == EAGAIN) return;
  // A request comes in one piece on loopback.
  if (n <= 0 || (phases[fd] == ASKED_NOTHING && memmem(request, (size_t)n, "\r\n\r\n", 4) == NULL)) return let_go(fd);
  if (phases[fd] == FOLLOWS) return;
  phases[fd] = FOLLOWS;
  if (send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL) != (ssize_t)sizeof answer - 1) let_go(fd);
}
static size_t make_frame(const char *text, size_t length) {
  size_t head = 2;
  frame[0] = (char)0x81;
  if (length < 126) frame[1] = (char)length;
  else if (length < 65536) {
    frame[1] = 126;
    frame[2] = (char)(length >> 8);
    frame[3] = (char)length;
    head = 4;
  } else {
    frame[1] = 127;
    for (int i = 0; i < 8; i++) frame[2 + i] = (char)((uint64_t)length >> (56 - 8 * i));
    head = 10;
  }
  memcpy(frame + head, text, length);
  return head + length;
}
static void send_to_all(const char *text, size_t length) {
  size_t bytes = make_frame(text, length);
  for (int fd = 0; fd <= descriptors_max; fd++)
    if (phases[fd] == FOLLOWS && send(fd, frame, bytes, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)bytes) let_go(fd);
}
// Gives 0 at the end of stdin.
static int read_lines(void) {
  if (line_length == sizeof line) stop("a line is too long");
  ssize_t n = read(0, line + line_length, sizeof line - line_length);
  if (n == 0) return 0;
  if (n < 0) return 1;
  line_length += (size_t)n;
  char *end;
  while ((end = memchr(line, '\n', line_length)) != NULL) {
    send_to_all(line, (size_t)(end - line));
    size_t used = (size_t)(end + 1 - line);
    memmove(line, line + used, line_length -= used);
  }
  return 1;
}
static int listen_at(int port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 4096) != 0) stop("the port can not be listened on");
  return fd;
}
int main(int argc, char **argv) {
  if (argc != 3 || strcmp(argv[1], "--port") != 0) stop("usage: floor --port PORT");
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  int poller = epoll_create1(EPOLL_CLOEXEC), listener = listen_at(atoi(argv[2]));
  struct epoll_event events[EVENTS_MAX], event = {.events = EPOLLIN, .data.fd = listener};
  epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
  event.data.fd = 0;
  fcntl(0, F_SETFL, fcntl(0, F_GETFL) | O_NONBLOCK);
  epoll_ctl(poller, EPOLL_CTL_ADD, 0, &event);
  // It ends with whoever holds its stdin.
  for (;;) {
    int n = epoll_wait(poller, events, EVENTS_MAX, -1);
    for (int i = 0; i < n; i++) {
      int fd = events[i].data.fd;
      if (fd == listener) accept_all(listener, poller);
      else if (fd != 0) read_from(fd);
      else if (read_lines() == 0) return 0;
    }
  }
}
