/*
 * What Node has no call for, of what the system can do with sockets.
 *
 * sendAll(descriptors: Int32Array, count: number, bytes: Uint8Array, results: Int32Array): number
 *
 * Sends the same bytes to each of the first `count` descriptors, one send(2) each, without blocking. results[i] is how
 * many bytes the kernel took (0 where it takes none now), or the negative errno. Returns how many took all of it.
 *
 * One call for many sockets, since what a call from JavaScript costs is of the order of what the kernel does in it.
 *
 * openRing(): number
 * sendAllByRing(descriptors, count, bytes, results): number
 *
 * The same by io_uring(7), which takes many sends in one system call. openRing returns 0, or the negative errno where the
 * system has none that does it, or does not let us: Linux has since 6.1, and a container's seccomp profile may forbid it.
 *
 * deferAccept(descriptor: number, seconds: number): number
 *
 * Has a listening socket give out connections once something has come on them, or at the end of the time (tcp(7),
 * TCP_DEFER_ACCEPT). Returns 0, or the negative errno; -ENOSYS where the system does not know it.
 */
#define _GNU_SOURCE
#define NAPI_VERSION 8
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <node_api.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#ifdef __has_include
#if __has_include(<linux/io_uring.h>)
#include <linux/io_uring.h>
#endif
#endif
#if defined(SYS_io_uring_setup) && defined(IORING_SETUP_DEFER_TASKRUN)
#define HAS_RING
#endif

/* What a send gave: bytes, 0 where the kernel takes none now, or the negative errno. */
static int32_t outcome(ssize_t sent) {
  return sent == -EAGAIN || sent == -EWOULDBLOCK || sent == -ENOBUFS ? 0 : (int32_t)sent;
}

/* Returns how many took all of it. */
static uint32_t send_each(const int32_t *descriptors, uint32_t count, const void *bytes, size_t length, int32_t *results) {
  uint32_t whole = 0;
  for (uint32_t i = 0; i < count; i++) {
    ssize_t sent;
    do {
      sent = send(descriptors[i], bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    results[i] = outcome(sent < 0 ? -errno : sent);
    if (sent == (ssize_t)length) whole++;
  }
  return whole;
}

#ifdef HAS_RING
enum { RING_ENTRIES = 256 };
/* No send gives this. */
static const int32_t unknown = INT32_MIN;

/* An io_uring, to be used by the thread that opened it. Both queues are in one mapping, the entries in another. */
struct ring {
  int descriptor;
  unsigned *sq_head, *sq_tail, sq_mask, *cq_head, *cq_tail, cq_mask;
  struct io_uring_sqe *entries;
  struct io_uring_cqe *completions;
  void *queues;
  size_t queues_bytes, entries_bytes;
};

static void ring_close(napi_env env, void *data, void *hint) {
  struct ring *ring = data;
  (void)env, (void)hint;
  if (ring->entries != MAP_FAILED) munmap(ring->entries, ring->entries_bytes);
  if (ring->queues != MAP_FAILED) munmap(ring->queues, ring->queues_bytes);
  if (ring->descriptor >= 0) close(ring->descriptor);
  free(ring);
}

static void *ring_map(struct ring *ring, size_t bytes, off_t what) {
  return mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->descriptor, what);
}

/* Returns NULL, with errno set, where it can't be had. */
static struct ring *ring_open(void) {
  struct io_uring_params params = {.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SUBMIT_ALL};
  struct ring *ring = calloc(1, sizeof *ring);
  if (ring == NULL) return NULL;
  ring->queues = ring->entries = MAP_FAILED;
  ring->descriptor = (int)syscall(SYS_io_uring_setup, RING_ENTRIES, &params);
  if (ring->descriptor >= 0) {
    size_t sq_bytes = params.sq_off.array + params.sq_entries * sizeof(unsigned);
    size_t cq_bytes = params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe);
    ring->queues_bytes = sq_bytes > cq_bytes ? sq_bytes : cq_bytes;
    ring->entries_bytes = params.sq_entries * sizeof(struct io_uring_sqe);
    ring->queues = ring_map(ring, ring->queues_bytes, IORING_OFF_SQ_RING);
    ring->entries = ring_map(ring, ring->entries_bytes, IORING_OFF_SQES);
  }
  if (ring->queues == MAP_FAILED || ring->entries == MAP_FAILED) {
    int failed = errno;
    ring_close(NULL, ring, NULL);
    errno = failed;
    return NULL;
  }
  char *queues = ring->queues;
  ring->sq_head = (unsigned *)(queues + params.sq_off.head);
  ring->sq_tail = (unsigned *)(queues + params.sq_off.tail);
  ring->sq_mask = *(unsigned *)(queues + params.sq_off.ring_mask);
  ring->cq_head = (unsigned *)(queues + params.cq_off.head);
  ring->cq_tail = (unsigned *)(queues + params.cq_off.tail);
  ring->cq_mask = *(unsigned *)(queues + params.cq_off.ring_mask);
  ring->completions = (struct io_uring_cqe *)(queues + params.cq_off.cqes);
  /* Entries are taken in the order in which they lie. */
  unsigned *order = (unsigned *)(queues + params.sq_off.array);
  for (unsigned i = 0; i < params.sq_entries; i++) order[i] = i;
  return ring;
}

/* Takes what has been completed, and returns how much that was. */
static uint32_t ring_reap(struct ring *ring, int32_t *results) {
  unsigned head = *ring->cq_head, tail = __atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE);
  for (unsigned at = head; at != tail; at++) {
    struct io_uring_cqe *completion = &ring->completions[at & ring->cq_mask];
    results[completion->user_data] = outcome(completion->res);
  }
  __atomic_store_n(ring->cq_head, tail, __ATOMIC_RELEASE);
  return tail - head;
}

/*
 * As send_each, for at most RING_ENTRIES. MSG_DONTWAIT has each send end in the call that submits it, whether the kernel
 * took bytes or not, so that nothing is under way, and `bytes` are not used any more, when this returns.
 */
static uint32_t ring_send(struct ring *ring, const int32_t *descriptors, uint32_t count, const void *bytes, size_t length, int32_t *results) {
  unsigned tail = *ring->sq_tail;
  for (uint32_t i = 0; i < count; i++) {
    struct io_uring_sqe *entry = &ring->entries[tail++ & ring->sq_mask];
    memset(entry, 0, sizeof *entry);
    entry->opcode = IORING_OP_SEND;
    entry->fd = descriptors[i];
    entry->addr = (uint64_t)(uintptr_t)bytes;
    entry->len = (uint32_t)length;
    entry->msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL;
    entry->user_data = i;
    results[i] = unknown;
  }
  __atomic_store_n(ring->sq_tail, tail, __ATOMIC_RELEASE);
  uint32_t completed = 0;
  while (completed < count) {
    unsigned waiting = tail - __atomic_load_n(ring->sq_head, __ATOMIC_ACQUIRE);
    long submitted = syscall(SYS_io_uring_enter, ring->descriptor, waiting, count - completed, IORING_ENTER_GETEVENTS, NULL, 0);
    int interrupted = submitted < 0 && errno == EINTR;
    uint32_t reaped = ring_reap(ring, results);
    completed += reaped;
    if (submitted <= 0 && reaped == 0 && !interrupted) break;
  }
  /* What the kernel did not take from the queue, as where it has no memory, is taken back and sent without it. */
  unsigned head = __atomic_load_n(ring->sq_head, __ATOMIC_ACQUIRE);
  uint32_t left = tail - head, taken = count - left, whole = 0;
  if (left > 0) {
    __atomic_store_n(ring->sq_tail, head, __ATOMIC_RELEASE);
    send_each(descriptors + taken, left, bytes, length, results + taken);
  }
  for (uint32_t i = 0; i < count; i++) {
    if (results[i] == unknown) {
      /* It is not known how much of it has gone: the connection must end, or what follows would be taken for the rest. */
      shutdown(descriptors[i], SHUT_RDWR);
      results[i] = -EIO;
    }
    if (results[i] == (int32_t)length) whole++;
  }
  return whole;
}
#endif

static napi_value fail(napi_env env, const char *message) {
  napi_throw_type_error(env, NULL, message);
  return NULL;
}

/* What sendAll and sendAllByRing take. */
struct sends {
  int32_t *descriptors, *results;
  uint8_t *bytes;
  uint32_t count;
  size_t length;
};

/* Returns 0 and throws where the arguments are not those. */
static int read_sends(napi_env env, napi_callback_info info, struct sends *sends) {
  napi_value argv[4];
  size_t argc = 4, descriptors_length, results_length;
  napi_typedarray_type descriptors_type, bytes_type, results_type;

  if (napi_get_cb_info(env, info, &argc, argv, NULL, NULL) != napi_ok || argc != 4)
    return fail(env, "sendAll takes four arguments"), 0;
  if (napi_get_typedarray_info(env, argv[0], &descriptors_type, &descriptors_length, (void **)&sends->descriptors, NULL, NULL) != napi_ok ||
      descriptors_type != napi_int32_array)
    return fail(env, "descriptors must be an Int32Array"), 0;
  if (napi_get_value_uint32(env, argv[1], &sends->count) != napi_ok) return fail(env, "count must be a number"), 0;
  if (napi_get_typedarray_info(env, argv[2], &bytes_type, &sends->length, (void **)&sends->bytes, NULL, NULL) != napi_ok ||
      bytes_type != napi_uint8_array || sends->length > INT32_MAX)
    return fail(env, "bytes must be a Uint8Array of less than 2 GiB"), 0;
  if (napi_get_typedarray_info(env, argv[3], &results_type, &results_length, (void **)&sends->results, NULL, NULL) != napi_ok ||
      results_type != napi_int32_array)
    return fail(env, "results must be an Int32Array"), 0;
  if (sends->count > descriptors_length || sends->count > results_length)
    return fail(env, "count is past the end of an array"), 0;
  return 1;
}

static napi_value number(napi_env env, int64_t value) {
  napi_value result;
  return napi_create_int64(env, value, &result) == napi_ok ? result : NULL;
}

static napi_value send_all(napi_env env, napi_callback_info info) {
  struct sends sends;
  if (!read_sends(env, info, &sends)) return NULL;
  return number(env, send_each(sends.descriptors, sends.count, sends.bytes, sends.length, sends.results));
}

#ifdef HAS_RING
static napi_value open_ring(napi_env env, napi_callback_info info) {
  struct ring *ring = NULL;
  (void)info;
  if (napi_get_instance_data(env, (void **)&ring) == napi_ok && ring != NULL) return number(env, 0);
  ring = ring_open();
  if (ring == NULL) return number(env, -errno);
  if (napi_set_instance_data(env, ring, ring_close, NULL) == napi_ok) return number(env, 0);
  ring_close(env, ring, NULL);
  return number(env, -EIO);
}

static napi_value send_all_by_ring(napi_env env, napi_callback_info info) {
  struct ring *ring = NULL;
  struct sends sends;
  uint32_t whole = 0;
  if (napi_get_instance_data(env, (void **)&ring) != napi_ok || ring == NULL) return fail(env, "openRing comes first");
  if (!read_sends(env, info, &sends)) return NULL;
  for (uint32_t at = 0; at < sends.count; at += RING_ENTRIES) {
    uint32_t count = sends.count - at < RING_ENTRIES ? sends.count - at : RING_ENTRIES;
    int32_t *descriptors = sends.descriptors + at, *results = sends.results + at;
    whole += count == 1 ? send_each(descriptors, count, sends.bytes, sends.length, results)
                        : ring_send(ring, descriptors, count, sends.bytes, sends.length, results);
  }
  return number(env, whole);
}
#else
static napi_value open_ring(napi_env env, napi_callback_info info) {
  (void)info;
  return number(env, -ENOSYS);
}

static napi_value send_all_by_ring(napi_env env, napi_callback_info info) {
  return send_all(env, info);
}
#endif

static napi_value defer_accept(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  size_t argc = 2;
  int32_t descriptor, seconds, failed = -ENOSYS;

  if (napi_get_cb_info(env, info, &argc, argv, NULL, NULL) != napi_ok || argc != 2 ||
      napi_get_value_int32(env, argv[0], &descriptor) != napi_ok || napi_get_value_int32(env, argv[1], &seconds) != napi_ok)
    return fail(env, "deferAccept takes two numbers");
#ifdef TCP_DEFER_ACCEPT
  failed = setsockopt(descriptor, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof seconds) == 0 ? 0 : -errno;
#endif
  return number(env, failed);
}

static int export_function(napi_env env, napi_value exports, const char *name, napi_callback callback) {
  napi_value function;
  return napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, NULL, &function) == napi_ok &&
         napi_set_named_property(env, exports, name, function) == napi_ok;
}

NAPI_MODULE_INIT() {
  if (!export_function(env, exports, "sendAll", send_all)) return NULL;
  if (!export_function(env, exports, "openRing", open_ring)) return NULL;
  if (!export_function(env, exports, "sendAllByRing", send_all_by_ring)) return NULL;
  if (!export_function(env, exports, "deferAccept", defer_accept)) return NULL;
  return exports;
}
