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
#include <sys/socket.h>

static napi_value fail(napi_env env, const char *message) {
  napi_throw_type_error(env, NULL, message);
  return NULL;
}

static napi_value send_all(napi_env env, napi_callback_info info) {
  napi_value argv[4], result;
  size_t argc = 4, descriptors_length, bytes_length, results_length;
  napi_typedarray_type descriptors_type, bytes_type, results_type;
  int32_t *descriptors, *results;
  uint8_t *bytes;
  uint32_t count, whole = 0;

  if (napi_get_cb_info(env, info, &argc, argv, NULL, NULL) != napi_ok || argc != 4)
    return fail(env, "sendAll takes four arguments");
  if (napi_get_typedarray_info(env, argv[0], &descriptors_type, &descriptors_length, (void **)&descriptors, NULL, NULL) != napi_ok ||
      descriptors_type != napi_int32_array)
    return fail(env, "descriptors must be an Int32Array");
  if (napi_get_value_uint32(env, argv[1], &count) != napi_ok) return fail(env, "count must be a number");
  if (napi_get_typedarray_info(env, argv[2], &bytes_type, &bytes_length, (void **)&bytes, NULL, NULL) != napi_ok ||
      bytes_type != napi_uint8_array)
    return fail(env, "bytes must be a Uint8Array");
  if (napi_get_typedarray_info(env, argv[3], &results_type, &results_length, (void **)&results, NULL, NULL) != napi_ok ||
      results_type != napi_int32_array)
    return fail(env, "results must be an Int32Array");
  if (count > descriptors_length || count > results_length) return fail(env, "count is past the end of an array");

  for (uint32_t i = 0; i < count; i++) {
    ssize_t sent;
    do {
      sent = send(descriptors[i], bytes, bytes_length, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) results[i] = errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS ? 0 : -errno;
    else results[i] = (int32_t)sent;
    if (sent == (ssize_t)bytes_length) whole++;
  }
  if (napi_create_uint32(env, whole, &result) != napi_ok) return NULL;
  return result;
}

static napi_value defer_accept(napi_env env, napi_callback_info info) {
  napi_value argv[2], result;
  size_t argc = 2;
  int32_t descriptor, seconds, failed = -ENOSYS;

  if (napi_get_cb_info(env, info, &argc, argv, NULL, NULL) != napi_ok || argc != 2 ||
      napi_get_value_int32(env, argv[0], &descriptor) != napi_ok || napi_get_value_int32(env, argv[1], &seconds) != napi_ok)
    return fail(env, "deferAccept takes two numbers");
#ifdef TCP_DEFER_ACCEPT
  failed = setsockopt(descriptor, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof seconds) == 0 ? 0 : -errno;
#endif
  if (napi_create_int32(env, failed, &result) != napi_ok) return NULL;
  return result;
}

static int export_function(napi_env env, napi_value exports, const char *name, napi_callback callback) {
  napi_value function;
  return napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, NULL, &function) == napi_ok &&
         napi_set_named_property(env, exports, name, function) == napi_ok;
}

NAPI_MODULE_INIT() {
  if (!export_function(env, exports, "sendAll", send_all)) return NULL;
  if (!export_function(env, exports, "deferAccept", defer_accept)) return NULL;
  return exports;
}
