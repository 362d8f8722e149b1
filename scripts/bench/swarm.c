// A swarm of followers on loopback, which costs much less than the server that it loads.
//
//   swarm --mode socketio|ws|sse --port PORT --path PATH [--channel ID] [--deflate] [--net K] [--life SECONDS]
//
// One thread with epoll. It does as it is told by lines on stdin, one after the other, and answers each with a line of
// JSON on stdout. It ends with `quit`, with the end of stdin, and after --life seconds (900) at the latest.
//
//   connect N RATE MS   opens N more followers, RATE of them a second (0: all at once), and waits till all follow
//   until OFFSET MS     waits till every follower stands at the offset or past it
//   drop                closes all connections at once; cursors are kept
//   return OFFSET MS    opens all that are closed at once, each with its cursor, and waits till all stand at the offset
//   reset               sets what is counted to zero
//   report              what was counted
//   quit
//
// What is received is a batch, in the shape of src/wire/PROTOCOL.md, whatever the server: over socketio an event of that
// name, over sse likewise, over ws the text itself. Each follower checks that batches join without a gap. A post's text
// has a mark, "ns=" and nanoseconds since the epoch: each mark is a delivery, and the time since then its latency.
// Followers come from 127.K.x.y, a few thousand from each address, so that there are ports enough; K is of --net.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { FOLLOWERS_MAX = 19900, PER_ADDRESS = 7000, EVENTS_MAX = 512, OPEN_AT_ONCE = 500, READS_AT_ONCE = 16 };
enum { INBOX_BYTES = 8 << 20, READ_BYTES = 256 << 10, INFLATED_BYTES_MAX = 4 << 20, EPOCHS_MAX = 64, DIGESTS = 8 };
enum { BUCKETS = 1400, LINE_BYTES = 200, GATHER_US = 200 };

typedef enum { SOCKETIO, WS, SSE } spoken_t;
// A follower's way: TCP is being connected, the HTTP answer awaited, Engine.IO's and Socket.IO's greetings, the answer
// to `follow`; then it follows. CLOSED ones can be opened again.
typedef enum { CLOSED, CONNECTING, ASKED, GREETED, JOINING, FOLLOWING_ASKED, FOLLOWS } phase_t;

typedef struct {
  int fd;
  uint8_t phase;
  bool answered, deflates, chunked, at_goal;
  int8_t epoch;       // index into epochs, -1 while unknown
  int64_t offset;     // -1 while unknown
  uint32_t held;      // bytes of a message that has not come whole
  char *rest;
} follower_t;

// What a message says. Thousands of followers get the same bytes, which are read once.
typedef struct {
  enum { OTHER, START, CATCH_UP, BATCH, REFUSAL } kind;
  bool deflated;
  int8_t epoch;
  int64_t from, to;
  size_t length, capacity;
  char *raw;
  uint32_t posts, posts_max;
  uint64_t *sent_ns;
} digest_t;

static struct {
  spoken_t mode;
  int port, net, life_s;
  bool deflate;
  const char *path, *channel;
} options = {.mode = SOCKETIO, .port = 3000, .net = 1, .life_s = 900, .path = "/", .channel = "bench"};

static struct {
  uint64_t deliveries, replayed, batches, deflated, gaps, repeats, bytes, lost, steered;
  uint64_t latency[BUCKETS];
  uint64_t cpu_us_before;
} counted;

static follower_t *followers;
static int total, opened, under_way, ready, at_goal, negotiated, generation;
static int refused_429, refused_503, refused_other, failed;
static int64_t goal = INT64_MAX;
static char epochs[EPOCHS_MAX][40];
static int epoch_count;
static int poller;
static char inbox[INBOX_BYTES + READ_BYTES];

static uint64_t clock_ns(clockid_t id) {
  struct timespec t;
  clock_gettime(id, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}
static uint64_t steady_ms(void) { return clock_ns(CLOCK_MONOTONIC) / 1000000u; }
static uint64_t cpu_us(void) {
  struct rusage r;
  getrusage(RUSAGE_SELF, &r);
  return (uint64_t)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1000000u + (uint64_t)(r.ru_utime.tv_usec + r.ru_stime.tv_usec);
}
static void stop(const char *why) {
  fprintf(stderr, "swarm: %s\n", why);
  exit(1);
}
static void *grown(void *old, size_t bytes) {
  void *p = realloc(old, bytes);
  if (p == NULL) stop("out of memory");
  return p;
}
// --- Inflating, for permessage-deflate without context takeover: each message stands alone (RFC 1951, RFC 7692) ---

typedef struct {
  const uint8_t *in;
  size_t in_length, in_at, out_at;
  uint32_t bits;
  int bit_count;
  bool bad;
} inflating_t;

typedef struct {
  uint16_t per_length[16], symbols[288];
} code_t;

static uint8_t inflated[INFLATED_BYTES_MAX];

static uint32_t take_bits(inflating_t *s, int n) {
  while (s->bit_count < n) {
    if (s->in_at == s->in_length) {
      s->bad = true;
      return 0;
    }
    s->bits |= (uint32_t)s->in[s->in_at++] << s->bit_count;
    s->bit_count += 8;
  }
  uint32_t value = s->bits & ((1u << n) - 1);
  s->bits >>= n;
  s->bit_count -= n;
  return value;
}
static void make_code(code_t *code, const uint8_t *lengths, int n) {
  uint16_t next[16] = {0};
  memset(code->per_length, 0, sizeof code->per_length);
  for (int i = 0; i < n; i++) code->per_length[lengths[i]]++;
  code->per_length[0] = 0;
  for (int i = 1; i < 15; i++) next[i + 1] = (uint16_t)(next[i] + code->per_length[i]);
  for (int i = 0; i < n; i++)
    if (lengths[i] != 0) code->symbols[next[lengths[i]]++] = (uint16_t)i;
}
static int take_symbol(inflating_t *s, const code_t *code) {
  int word = 0, first = 0, index = 0;
  for (int length = 1; length <= 15; length++) {
    word |= (int)take_bits(s, 1);
    if (s->bad) return -1;
    int here = code->per_length[length];
    if (word - first < here) return code->symbols[index + word - first];
    index += here;
    first = (first + here) << 1;
    word <<= 1;
  }
  s->bad = true;
  return -1;
}
static void put_byte(inflating_t *s, uint8_t byte) {
  if (s->out_at == INFLATED_BYTES_MAX) s->bad = true;
  else inflated[s->out_at++] = byte;
}
static void read_stored(inflating_t *s) {
  s->bits = 0;
  s->bit_count = 0;
  if (s->in_at + 4 > s->in_length) {
    s->bad = true;
    return;
  }
  size_t n = s->in[s->in_at] | (size_t)s->in[s->in_at + 1] << 8;
  s->in_at += 4;
  for (size_t i = 0; i < n && !s->bad; i++) {
    if (s->in_at == s->in_length) s->bad = true;
    else put_byte(s, s->in[s->in_at++]);
  }
}
static void read_coded(inflating_t *s, const code_t *literals, const code_t *distances) {
  static const uint16_t length_base[] = {3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
  static const uint8_t length_extra[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
  static const uint16_t distance_base[] = {1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
  static const uint8_t distance_extra[] = {0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13};
  while (!s->bad) {
    int symbol = take_symbol(s, literals);
    if (symbol == 256) return;
    if (symbol < 256) {
      put_byte(s, (uint8_t)symbol);
      continue;
    }
    if (symbol > 285) break;
    size_t length = length_base[symbol - 257] + take_bits(s, length_extra[symbol - 257]);
    int d = take_symbol(s, distances);
    if (d < 0 || d > 29) break;
    size_t distance = distance_base[d] + take_bits(s, distance_extra[d]);
    if (distance > s->out_at) break;
    for (size_t i = 0; i < length && !s->bad; i++) put_byte(s, inflated[s->out_at - distance]);
  }
  s->bad = true;
}
static void read_fixed(inflating_t *s) {
  uint8_t lengths[288 + 30];
  code_t literals, distances;
  for (int i = 0; i < 288; i++) lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
  memset(lengths + 288, 5, 30);
  make_code(&literals, lengths, 288);
  make_code(&distances, lengths + 288, 30);
  read_coded(s, &literals, &distances);
}
static void read_dynamic(inflating_t *s) {
  static const uint8_t order[] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
  uint8_t lengths[288 + 32] = {0}, of_lengths[19] = {0};
  code_t literals, distances, meta;
  int nl = (int)take_bits(s, 5) + 257, nd = (int)take_bits(s, 5) + 1, nm = (int)take_bits(s, 4) + 4;
  for (int i = 0; i < nm; i++) of_lengths[order[i]] = (uint8_t)take_bits(s, 3);
  if (nl > 286 || nd > 30) s->bad = true;
  make_code(&meta, of_lengths, 19);
  for (int i = 0; i < nl + nd && !s->bad;) {
    int symbol = take_symbol(s, &meta), times = 1;
    uint8_t value = (uint8_t)symbol;
    if (symbol == 16) value = i > 0 ? lengths[i - 1] : 0, times = 3 + (int)take_bits(s, 2);
    else if (symbol == 17) value = 0, times = 3 + (int)take_bits(s, 3);
    else if (symbol == 18) value = 0, times = 11 + (int)take_bits(s, 7);
    if (i + times > nl + nd) s->bad = true;
    for (; times > 0 && !s->bad; times--) lengths[i++] = value;
  }
  if (s->bad) return;
  make_code(&literals, lengths, nl);
  make_code(&distances, lengths + nl, nd);
  read_coded(s, &literals, &distances);
}
// Gives the length in `inflated`, or -1. The sender leaves out the last four bytes of its flush.
static ssize_t inflate_message(const char *raw, size_t length) {
  static uint8_t *whole;
  static size_t capacity;
  if (length + 4 > capacity) whole = grown(whole, capacity = length + 4);
  memcpy(whole, raw, length);
  memcpy(whole + length, "\0\0\xff\xff", 4);
  inflating_t s = {.in = whole, .in_length = length + 4};
  bool last = false;
  while (!last && !s.bad && s.in_at < s.in_length) {
    last = take_bits(&s, 1) == 1;
    uint32_t type = take_bits(&s, 2);
    if (type == 0) read_stored(&s);
    else if (type == 1) read_fixed(&s);
    else if (type == 2) read_dynamic(&s);
    else s.bad = true;
  }
  return s.bad ? -1 : (ssize_t)s.out_at;
}
// --- What messages say ---

// Up to a power of two, thirty-two buckets for each: none is off by more than 3 %. `upper` is the last value of one.
static int bucket_of(uint64_t us) {
  if (us < 64) return (int)us;
  int power = 63 - __builtin_clzll(us);
  int bucket = 64 + (power - 6) * 32 + (int)((us >> (power - 5)) & 31);
  return bucket < BUCKETS ? bucket : BUCKETS - 1;
}
static uint64_t upper_of(int bucket) {
  if (bucket < 64) return (uint64_t)bucket;
  int power = (bucket - 64) / 32 + 6, part = (bucket - 64) % 32;
  return ((uint64_t)(32 + part + 1) << (power - 5)) - 1;
}
static int8_t epoch_named(const char *at, size_t length) {
  if (length >= sizeof epochs[0]) stop("an epoch is too long");
  for (int i = 0; i < epoch_count; i++)
    if (strlen(epochs[i]) == length && memcmp(epochs[i], at, length) == 0) return (int8_t)i;
  if (epoch_count == EPOCHS_MAX) stop("too many epochs");
  memcpy(epochs[epoch_count], at, length);
  return (int8_t)epoch_count++;
}
// The place behind the words, or NULL.
static const char *behind(const char *text, size_t length, const char *words) {
  const char *at = memmem(text, length, words, strlen(words));
  return at == NULL ? NULL : at + strlen(words);
}
static int64_t number_at(const char *at, const char *end) {
  int64_t value = 0;
  for (int digits = 0; at < end && *at >= '0' && *at <= '9' && digits < 18; at++, digits++) value = value * 10 + (*at - '0');
  return value;
}
static bool starts(const char *text, size_t length, const char *words) {
  return length >= strlen(words) && memcmp(text, words, strlen(words)) == 0;
}
static void read_marks(digest_t *d, const char *text, size_t length) {
  const char *at = text, *end = text + length;
  d->posts = 0;
  while ((at = behind(at, (size_t)(end - at), "ns=")) != NULL) {
    uint64_t ns = 0;
    int digits = 0;
    for (; at < end && *at >= '0' && *at <= '9' && digits < 19; at++, digits++) ns = ns * 10 + (uint64_t)(*at - '0');
    if (digits < 16) continue;
    if (d->posts == d->posts_max) d->sent_ns = grown(d->sent_ns, (d->posts_max = d->posts_max * 2 + 16) * sizeof *d->sent_ns);
    d->sent_ns[d->posts++] = ns;
  }
}
// A cursor is "<epoch>:<offset>".
static bool read_cursor(digest_t *d, const char *at, const char *end) {
  const char *colon = at == NULL ? NULL : memchr(at, ':', (size_t)(end - at));
  if (colon == NULL) return false;
  d->epoch = epoch_named(at, (size_t)(colon - at));
  d->from = d->to = number_at(colon + 1, end);
  return true;
}
static bool read_batch(digest_t *d, const char *text, size_t length) {
  const char *end = text + length;
  const char *epoch = behind(text, length, "\"epoch\":\""), *from = behind(text, length, "\"from\":");
  const char *to = from == NULL ? NULL : behind(from, (size_t)(end - from), "\"to\":");
  if (epoch == NULL || to == NULL) return false;
  const char *quote = memchr(epoch, '"', (size_t)(end - epoch));
  if (quote == NULL) return false;
  d->epoch = epoch_named(epoch, (size_t)(quote - epoch));
  d->from = number_at(from, end);
  d->to = number_at(to, end);
  read_marks(d, text, length);
  return true;
}
static void read_message(digest_t *d, const char *text, size_t length) {
  const char *end = text + length;
  d->kind = OTHER;
  d->posts = 0;
  if (options.mode == SOCKETIO && starts(text, length, "42[\"batch\",")) d->kind = read_batch(d, text, length) ? BATCH : OTHER;
  else if (options.mode == SOCKETIO && starts(text, length, "430[")) {
    if (starts(text, length, "430[{\"ok\":true,\"batch\":")) d->kind = read_batch(d, text, length) ? CATCH_UP : OTHER;
    else if (starts(text, length, "430[{\"ok\":true,")) d->kind = read_cursor(d, behind(text, length, "\"cursor\":\""), end) ? START : OTHER;
    else d->kind = REFUSAL;
  } else if (options.mode == SSE && starts(text, length, "event: snapshot")) {
    d->kind = read_cursor(d, behind(text, length, "\nid: "), end) ? START : OTHER;
  } else if (options.mode == SSE && starts(text, length, "event: batch")) d->kind = read_batch(d, text, length) ? BATCH : OTHER;
  else if (options.mode == WS && starts(text, length, "{")) d->kind = read_batch(d, text, length) ? BATCH : OTHER;
}
static digest_t digests[DIGESTS];

static digest_t *digest_found(const char *raw, size_t length, bool deflated) {
  for (int i = 0; i < DIGESTS; i++) {
    digest_t *d = &digests[i];
    if (d->length == length && d->deflated == deflated && memcmp(d->raw, raw, length) == 0) return d;
  }
  return NULL;
}
static digest_t *digest_made(const char *raw, size_t length, bool deflated, const char *text, size_t text_length) {
  static int next;
  digest_t *d = &digests[next++ % DIGESTS];
  if (length > d->capacity) d->raw = grown(d->raw, d->capacity = length);
  memcpy(d->raw, raw, length);
  d->length = length;
  d->deflated = deflated;
  read_message(d, text, text_length);
  return d;
}
// --- A follower ---

static void note_goal(follower_t *f) {
  bool there = f->phase == FOLLOWS && f->offset >= goal;
  at_goal += there - f->at_goal;
  f->at_goal = there;
}
static void close_follower(follower_t *f) {
  if (f->phase == CLOSED) return;
  if (f->phase == FOLLOWS) ready--;
  else under_way--;
  f->phase = CLOSED;
  note_goal(f);
  if (f->deflates) negotiated--;
  f->deflates = false;
  close(f->fd);
  free(f->rest);
  f->rest = NULL;
  f->held = 0;
}
// The server, or the system, ended it: a follower that followed is lost, another one never came to be.
static void fail_follower(follower_t *f) {
  if (f->phase == FOLLOWS) counted.lost++;
  else if (f->phase != CLOSED) failed++;
  close_follower(f);
}
static void refuse_follower(follower_t *f, int status) {
  if (status == 429) refused_429++;
  else if (status == 503) refused_503++;
  else refused_other++;
  close_follower(f);
}
static void follow_begins(follower_t *f) {
  if (f->phase == FOLLOWS) return;
  f->phase = FOLLOWS;
  ready++;
  under_way--;
}
static void send_bytes(follower_t *f, const char *bytes, size_t length) {
  // Little is sent, and one at a time: what the system does not take at once, it never will.
  if (send(f->fd, bytes, length, MSG_NOSIGNAL) != (ssize_t)length) fail_follower(f);
}
static void send_frame(follower_t *f, int opcode, const char *payload, size_t length) {
  char frame[LINE_BYTES + 8];
  if (length > LINE_BYTES) length = LINE_BYTES;
  size_t at = 0;
  frame[at++] = (char)(0x80 | opcode);
  if (length < 126) frame[at++] = (char)(0x80 | length);
  else {
    frame[at++] = (char)(0x80 | 126);
    frame[at++] = (char)(length >> 8);
    frame[at++] = (char)length;
  }
  memset(frame + at, 0, 4); // The mask: a key of zeros leaves the payload as it is.
  memcpy(frame + at + 4, payload, length);
  send_bytes(f, frame, at + 4 + length);
}
static void send_follow(follower_t *f) {
  char text[LINE_BYTES];
  int n;
  if (f->epoch >= 0)
    n = snprintf(text, sizeof text, "420[\"follow\",{\"channel\":\"%s\",\"after\":\"%s:%lld\"}]", options.channel, epochs[f->epoch], (long long)f->offset);
  else n = snprintf(text, sizeof text, "420[\"follow\",{\"channel\":\"%s\"}]", options.channel);
  f->phase = FOLLOWING_ASKED;
  send_frame(f, 1, text, (size_t)n);
}
static void take_batch(follower_t *f, const digest_t *d) {
  if (f->offset >= 0 && f->epoch != d->epoch) counted.gaps++;
  else if (f->offset >= 0 && d->to <= f->offset) {
    if (d->to > d->from) counted.repeats++;
    return;
  } else if (f->offset >= 0 && d->from > f->offset) counted.gaps++;
  else if (f->offset >= 0 && d->from < f->offset) counted.repeats++;
  f->epoch = d->epoch;
  f->offset = d->to;
}
static void take_deliveries(const digest_t *d) {
  uint64_t now = clock_ns(CLOCK_REALTIME);
  counted.batches++;
  counted.deliveries += d->posts;
  for (uint32_t i = 0; i < d->posts; i++) counted.latency[bucket_of(now > d->sent_ns[i] ? (now - d->sent_ns[i]) / 1000 : 0)]++;
}
static void take_digest(follower_t *f, const digest_t *d) {
  // A stream's first event answers the question; where it is a batch, it is what was missed.
  bool catches_up = d->kind == CATCH_UP || (d->kind == BATCH && options.mode == SSE && f->phase == ASKED);
  if (d->kind == REFUSAL) return refuse_follower(f, 0);
  if (d->kind == OTHER) return;
  if (d->kind == START) {
    f->epoch = d->epoch;
    f->offset = d->to;
  } else take_batch(f, d);
  if (catches_up) counted.replayed += d->posts;
  else if (d->kind == BATCH) take_deliveries(d);
  follow_begins(f);
  note_goal(f);
}
// What the transport says besides batches and answers. Gives whether it was that.
static bool take_greeting(follower_t *f, const char *text, size_t length) {
  if (options.mode != SOCKETIO || length == 0) return false;
  if (text[0] == '2') send_frame(f, 1, "3", 1);
  else if (text[0] == '0' && f->phase == GREETED) {
    f->phase = JOINING;
    send_frame(f, 1, "40", 2);
  } else if (starts(text, length, "40") && f->phase == JOINING) send_follow(f);
  else if (starts(text, length, "42[\"steer\"")) counted.steered++;
  else if (text[0] == '1' || starts(text, length, "41") || starts(text, length, "44")) fail_follower(f);
  else return false;
  return true;
}
static void take_message(follower_t *f, const char *raw, size_t length, bool deflated) {
  if (deflated) counted.deflated++;
  digest_t *d = digest_found(raw, length, deflated);
  if (d == NULL) {
    const char *text = raw;
    ssize_t text_length = (ssize_t)length;
    if (deflated) {
      text_length = inflate_message(raw, length);
      text = (const char *)inflated;
    }
    if (text_length < 0) return fail_follower(f);
    if (take_greeting(f, text, (size_t)text_length)) return;
    d = digest_made(raw, length, deflated, text, (size_t)text_length);
  }
  take_digest(f, d);
}
// --- Reading: each of these gives how many bytes it has used, and leaves what has not come whole ---

static size_t use_frames(follower_t *f, char *at, size_t length) {
  size_t used = 0;
  while (length - used >= 2 && f->phase != CLOSED) {
    const uint8_t *head = (const uint8_t *)at + used;
    size_t head_bytes = 2;
    uint64_t payload = head[1] & 127;
    if (payload == 126) head_bytes = 4;
    else if (payload == 127) head_bytes = 10;
    if (length - used < head_bytes) break;
    if (head_bytes > 2) {
      payload = 0;
      for (size_t i = 2; i < head_bytes; i++) payload = payload << 8 | head[i];
    }
    if (payload > INBOX_BYTES - 16) stop("a message is larger than the inbox");
    if (length - used < head_bytes + payload) break;
    int opcode = head[0] & 15;
    char *body = at + used + head_bytes;
    // No server here sends a message in several frames; one that does would be counted wrongly.
    if ((head[0] & 0x80) == 0 || opcode == 0) stop("a message came in several frames");
    if (opcode == 8) fail_follower(f);
    else if (opcode == 9) send_frame(f, 10, body, payload);
    else if (opcode == 1 || opcode == 2) take_message(f, body, payload, (head[0] & 0x40) != 0);
    used += head_bytes + payload;
  }
  return used;
}
static size_t use_events(follower_t *f, char *at, size_t length) {
  size_t used = 0;
  while (used < length && f->phase != CLOSED) {
    // Before an event there may be comments, blank lines, and how long to wait before a return.
    if (at[used] == ':' || at[used] == '\n' || starts(at + used, length - used, "retry:")) {
      const char *line_end = memchr(at + used, '\n', length - used);
      if (line_end == NULL) break;
      used = (size_t)(line_end + 1 - at);
      continue;
    }
    const char *end = memmem(at + used, length - used, "\n\n", 2);
    if (end == NULL) break;
    size_t event = (size_t)(end + 2 - (at + used));
    char *text = at + used;
    size_t text_length = event;
    if (starts(text, text_length, "event:")) take_message(f, text, text_length, false);
    used += event;
  }
  return used;
}
// Each event must come whole in a chunk, as a server's one write does.
static size_t use_chunks(follower_t *f, char *at, size_t length) {
  size_t used = 0;
  while (used < length && f->phase != CLOSED) {
    char *line_end = memmem(at + used, length - used, "\r\n", 2);
    if (line_end == NULL) break;
    size_t chunk = strtoul(at + used, NULL, 16), head = (size_t)(line_end + 2 - (at + used));
    if (chunk > INBOX_BYTES - 64) stop("a chunk is larger than the inbox");
    if (length - used < head + chunk + 2) break;
    if (chunk == 0) fail_follower(f);
    else if (use_events(f, line_end + 2, chunk) != chunk && f->phase != CLOSED) stop("an event came in several chunks");
    used += head + chunk + 2;
  }
  return used;
}
static size_t use_answer(follower_t *f, char *at, size_t length) {
  char *end = memmem(at, length, "\r\n\r\n", 4);
  if (end == NULL) return 0;
  *end = 0;
  int status = length > 12 ? atoi(at + 9) : 0;
  if (status != (options.mode == SSE ? 200 : 101)) {
    refuse_follower(f, status);
    return length;
  }
  f->answered = true;
  f->deflates = strcasestr(at, "permessage-deflate") != NULL;
  f->chunked = strcasestr(at, "transfer-encoding: chunked") != NULL;
  negotiated += f->deflates;
  if (options.mode == SOCKETIO) f->phase = GREETED;
  if (options.mode == WS) {
    follow_begins(f);
    note_goal(f);
  }
  return (size_t)(end + 4 - at);
}
static size_t use(follower_t *f, char *at, size_t length) {
  size_t used = 0;
  if (!f->answered) {
    used = use_answer(f, at, length);
    if (used == 0 || f->phase == CLOSED) return used;
  }
  if (options.mode != SSE) return used + use_frames(f, at + used, length - used);
  return used + (f->chunked ? use_chunks : use_events)(f, at + used, length - used);
}

static void read_follower(follower_t *f) {
  for (int reads = 0; reads < READS_AT_ONCE && f->phase != CLOSED; reads++) {
    size_t had = f->held;
    memcpy(inbox, f->rest, had);
    ssize_t n = recv(f->fd, inbox + had, READ_BYTES, 0);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) return fail_follower(f);
    counted.bytes += (uint64_t)n;
    size_t length = had + (size_t)n, used = use(f, inbox, length);
    if (f->phase == CLOSED) return;
    size_t left = length - used;
    if (left > INBOX_BYTES) stop("a message is larger than the inbox");
    if (left == 0) {
      free(f->rest);
      f->rest = NULL;
    } else {
      f->rest = grown(f->rest, left);
      memcpy(f->rest, inbox + used, left);
    }
    f->held = (uint32_t)left;
    if (n < READ_BYTES) return;
  }
}
// --- Opening ---

static void open_follower(int i) {
  follower_t *f = &followers[i];
  int one = 1;
  f->answered = f->chunked = false;
  f->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (f->fd < 0) stop("no socket can be opened: the limit on open files is too low");
  f->phase = CONNECTING;
  under_way++;
  setsockopt(f->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  // The port is chosen when the destination is known, so that each address has all of them for it.
  setsockopt(f->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
  // Those who come back come from other addresses: on the old ones the ports of the closed connections are not free yet.
  uint32_t host = (uint32_t)(1 + (generation * 4 + i / PER_ADDRESS) % 250);
  struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000000u + ((uint32_t)options.net << 16) + host)};
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)options.port), .sin_addr.s_addr = htonl(0x7f000001)};
  if (bind(f->fd, (struct sockaddr *)&from, sizeof from) != 0) stop("an address of loopback can not be used");
  if (connect(f->fd, (struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS) return fail_follower(f);
  struct epoll_event event = {.events = EPOLLOUT, .data.u32 = (uint32_t)i};
  epoll_ctl(poller, EPOLL_CTL_ADD, f->fd, &event);
}
static void ask(int i) {
  follower_t *f = &followers[i];
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(f->fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return fail_follower(f);
  char request[1000], after[80] = "";
  if (options.mode == SSE && f->epoch >= 0) snprintf(after, sizeof after, "?after=%s:%lld", epochs[f->epoch], (long long)f->offset);
  int n = snprintf(request, sizeof request, "GET %s%s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n", options.path, after, options.port);
  const char *more = "Accept: text/event-stream\r\n\r\n";
  if (options.mode != SSE) {
    // The key is the example of RFC 6455: who answers is not in doubt here.
    more = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  }
  n += snprintf(request + n, sizeof request - (size_t)n, "%s", more);
  if (options.mode != SSE) {
    const char *offer = "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover; server_no_context_takeover\r\n\r\n";
    n += snprintf(request + n, sizeof request - (size_t)n, "%s", options.deflate ? offer : "\r\n");
  }
  f->phase = ASKED;
  send_bytes(f, request, (size_t)n);
  if (f->phase == CLOSED) return;
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)i};
  epoll_ctl(poller, EPOLL_CTL_MOD, f->fd, &event);
}
// --- Commands ---

typedef enum { NOTHING, CONNECT, UNTIL, RETURN } waiting_t;

static struct {
  waiting_t what;
  uint64_t begun_ms, end_ms;
  int rate, first;
} waiting;

static void answer_wait(const char *name) {
  uint64_t took = steady_ms() - waiting.begun_ms;
  printf("{\"did\":\"%s\",\"followers\":%d,\"ready\":%d,\"atGoal\":%d,\"refused\":%d,\"refused429\":%d,\"refused503\":%d,\"failed\":%d,\"ms\":%llu}\n",
         name, total, ready, at_goal, refused_429 + refused_503 + refused_other, refused_429, refused_503, failed, (unsigned long long)took);
  fflush(stdout);
  waiting.what = NOTHING;
}
static void set_goal(int64_t offset) {
  goal = offset;
  for (int i = 0; i < total; i++) note_goal(&followers[i]);
}
static void wait_for(waiting_t what, long ms) {
  waiting.what = what;
  waiting.begun_ms = steady_ms();
  waiting.end_ms = waiting.begun_ms + (uint64_t)(ms > 0 ? ms : 0);
}
// Whoever is refused or fails in a return stays away: what is asked is how many come back at the first try.
static void look_at_wait(void) {
  if (waiting.what == NOTHING) return;
  bool late = steady_ms() >= waiting.end_ms;
  bool all_opened = opened == total && under_way == 0;
  if (waiting.what == CONNECT && (late || all_opened)) answer_wait("connect");
  else if (waiting.what == UNTIL && (late || at_goal >= ready)) answer_wait("until");
  else if (waiting.what == RETURN && (late || (all_opened && at_goal >= ready))) answer_wait("return");
}
static void open_due(void) {
  if (opened == total) return;
  uint64_t due = (uint64_t)total;
  if (waiting.rate > 0) due = (uint64_t)waiting.first + (steady_ms() - waiting.begun_ms) * (uint64_t)waiting.rate / 1000 + 1;
  for (int n = 0; n < OPEN_AT_ONCE && opened < total && (uint64_t)opened < due; n++, opened++)
    if (followers[opened].phase == CLOSED) open_follower(opened);
}
static void drop_all(void) {
  for (int i = 0; i < total; i++) close_follower(&followers[i]);
  printf("{\"did\":\"drop\"}\n");
  fflush(stdout);
}
static void reset_counted(void) {
  memset(&counted, 0, sizeof counted);
  counted.cpu_us_before = cpu_us();
  refused_429 = refused_503 = refused_other = failed = 0;
}
static void report(void) {
  int64_t least = -1, most = -1;
  for (int i = 0; i < total; i++) {
    if (followers[i].phase != FOLLOWS) continue;
    int64_t offset = followers[i].offset;
    if (least < 0 || offset < least) least = offset;
    if (offset > most) most = offset;
  }
  printf("{\"did\":\"report\",\"followers\":%d,\"ready\":%d,\"lost\":%llu,\"failed\":%d,\"refused\":%d,\"negotiated\":%d,\"steered\":%llu,", total, ready,
         (unsigned long long)counted.lost, failed, refused_429 + refused_503 + refused_other, negotiated, (unsigned long long)counted.steered);
  printf("\"deliveries\":%llu,\"replayed\":%llu,\"batches\":%llu,\"deflated\":%llu,\"gaps\":%llu,\"repeats\":%llu,\"bytes\":%llu,\"offsetMin\":%lld,\"offsetMax\":%lld,",
         (unsigned long long)counted.deliveries, (unsigned long long)counted.replayed, (unsigned long long)counted.batches,
         (unsigned long long)counted.deflated, (unsigned long long)counted.gaps, (unsigned long long)counted.repeats,
         (unsigned long long)counted.bytes, (long long)least, (long long)most);
  printf("\"cpuUs\":%llu,\"latencyUs\":[", (unsigned long long)(cpu_us() - counted.cpu_us_before));
  const char *comma = "";
  for (int i = 0; i < BUCKETS; i++) {
    if (counted.latency[i] == 0) continue;
    printf("%s[%llu,%llu]", comma, (unsigned long long)upper_of(i), (unsigned long long)counted.latency[i]);
    comma = ",";
  }
  printf("]}\n");
  fflush(stdout);
}
static void begin_connect(int n, int rate, long ms) {
  if (n < 0 || total + n > FOLLOWERS_MAX) stop("too many followers for one swarm");
  for (int i = total; i < total + n; i++) followers[i] = (follower_t){.fd = -1, .epoch = -1, .offset = -1};
  waiting.first = opened;
  waiting.rate = rate;
  total += n;
  wait_for(CONNECT, ms);
}
static void begin_return(long long offset, long ms) {
  generation++;
  opened = 0;
  waiting.rate = 0;
  set_goal(offset);
  wait_for(RETURN, ms);
}
static void obey(const char *line) {
  int n, rate;
  long ms;
  long long offset;
  if (sscanf(line, "connect %d %d %ld", &n, &rate, &ms) == 3) begin_connect(n, rate, ms);
  else if (sscanf(line, "until %lld %ld", &offset, &ms) == 2) {
    set_goal(offset);
    wait_for(UNTIL, ms);
  } else if (sscanf(line, "return %lld %ld", &offset, &ms) == 2) begin_return(offset, ms);
  else if (strcmp(line, "drop") == 0) drop_all();
  else if (strcmp(line, "reset") == 0) {
    reset_counted();
    printf("{\"did\":\"reset\"}\n");
    fflush(stdout);
  } else if (strcmp(line, "report") == 0) report();
  else if (strcmp(line, "quit") == 0) exit(0);
  else stop("a command is not understood");
}
// Takes one command at a time: what follows it waits until it is answered. Gives false at the end of stdin.
static bool read_commands(void) {
  static char pending[4000];
  static size_t length;
  if (length < sizeof pending - 1) {
    ssize_t n = read(0, pending + length, sizeof pending - 1 - length);
    if (n == 0) return false;
    if (n > 0) length += (size_t)n;
  }
  while (waiting.what == NOTHING) {
    char *end = memchr(pending, '\n', length);
    if (end == NULL) {
      if (length == sizeof pending - 1) stop("a command is too long");
      return true;
    }
    *end = 0;
    obey(pending);
    size_t used = (size_t)(end + 1 - pending);
    memmove(pending, pending + used, length -= used);
  }
  return true;
}
static void read_options(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    const char *name = argv[i], *value = i + 1 < argc ? argv[i + 1] : "";
    if (strcmp(name, "--deflate") == 0) {
      options.deflate = true;
      continue;
    }
    i++;
    if (strcmp(name, "--mode") == 0) options.mode = strcmp(value, "socketio") == 0 ? SOCKETIO : strcmp(value, "ws") == 0 ? WS : SSE;
    else if (strcmp(name, "--port") == 0) options.port = atoi(value);
    else if (strcmp(name, "--path") == 0) options.path = value;
    else if (strcmp(name, "--channel") == 0) options.channel = value;
    else if (strcmp(name, "--net") == 0) options.net = atoi(value);
    else if (strcmp(name, "--life") == 0) options.life_s = atoi(value);
    else stop("an option is not known");
  }
}
int main(int argc, char **argv) {
  // Whoever commands it may be killed, and then nobody reads stdin's end for it while it waits for a port.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  read_options(argc, argv);
  followers = calloc(FOLLOWERS_MAX, sizeof *followers);
  poller = epoll_create1(EPOLL_CLOEXEC);
  if (followers == NULL || poller < 0) stop("it can not start");
  fcntl(0, F_SETFL, fcntl(0, F_GETFL) | O_NONBLOCK);
  struct epoll_event events[EVENTS_MAX], commands = {.events = EPOLLIN, .data.u32 = UINT32_MAX};
  epoll_ctl(poller, EPOLL_CTL_ADD, 0, &commands);
  uint64_t end_ms = steady_ms() + (uint64_t)options.life_s * 1000;
  reset_counted();
  while (steady_ms() < end_ms) {
    open_due();
    int n = epoll_wait(poller, events, EVENTS_MAX, opened < total ? (waiting.rate > 0 ? 1 : 0) : 20);
    for (int j = 0; j < n; j++) {
      uint32_t i = events[j].data.u32;
      if (i == UINT32_MAX || followers[i].phase == CLOSED) continue;
      if (followers[i].phase == CONNECTING) ask((int)i);
      else read_follower(&followers[i]);
    }
    look_at_wait();
    if (!read_commands()) return 0;
    // To be woken for each delivery would cost more than to read it. So a few gather, and are noticed this much later.
    if (n < EVENTS_MAX) usleep(GATHER_US);
  }
  fprintf(stderr, "swarm: its time is over\n");
  return 3;
}
