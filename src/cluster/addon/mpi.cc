// The part of MPI that convoy uses, as Node loads it. One thread of a process may call it. Nothing blocks but `init`
// and `finalize`. Memory is given as a Uint8Array with offset and length in bytes, which are checked here; the caller
// keeps it until `test` has said that the request is done. An error of MPI is thrown with MPI's text.
//
//   init(), rank(), size(), finalize(), abort(code)
//   isend(view, offset, length, peer, tag)      request number
//   irecv(view, offset, length, peer, tag)      request number
//   iallgatherv(view, ends)                     request number; in place: rank r has written from ends[r] to ends[r +
//   1] ialltoallv(from, fromEnds, to, toEnds)      request number; from fromEnds[r] for rank r, to toEnds[r] of rank r
//   ibcast(view, offset, length, root), ibarrier()
//   test(request)                               whether it is done; its number is free again then
//   cancel(request)                             gives up a receive
#define OMPI_SKIP_MPICXX 1  // the C++ bindings of old, which are another library
#include <mpi.h>

#include <climits>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <vector>

// The part of Node-API that is used here. It is stable, and not every Node comes with its headers.
extern "C" {
int napi_set_named_property(void* env, void* object, const char* name, void* value);
int napi_throw_error(void* env, const char* code, const char* message);
int napi_create_function(void* env, const char* name, size_t length, void* (*call)(void* env, void* info), void* data,
                         void** result);
int napi_get_cb_info(void* env, void* info, size_t* count, void** values, void** self, void** data);
int napi_get_value_int64(void* env, void* value, int64_t* result);
int napi_get_typedarray_info(void* env, void* array, int* type, size_t* length, void** data, void** buffer,
                             size_t* offset);
int napi_get_boolean(void* env, bool value, void** result);
int napi_create_int32(void* env, int32_t value, void** result);
__attribute__((visibility("default"))) void* napi_register_module_v1(void* env, void* exports);
}

namespace convoy {
namespace {

constexpr int uint8Type = 1;    // napi_uint8_array
constexpr int float64Type = 8;  // napi_float64_array
constexpr size_t mostArguments = 5;

/** A request under way. A collective reads its counts until it is done. */
struct Request {
  MPI_Request handle = MPI_REQUEST_NULL;
  std::vector<int> counts, places, moreCounts, morePlaces;
  bool used = false;
};

/** Does not move its elements: MPI writes into them. */
std::deque<Request> requests;

struct Bytes {
  uint8_t* data = nullptr;
  size_t length = 0;
};

/** The arguments of a call; the first fault is thrown, and `failed` from then on. */
class Call {
 public:
  Call(void* env, void* info) : env_(env) {
    size_t count = mostArguments;
    if (napi_get_cb_info(env, info, &count, values_, nullptr, nullptr) != 0) count = 0;
    count_ = count < mostArguments ? count : mostArguments;
  }

  bool failed() const { return failed_; }

  void* fail(const char* message) {
    if (!failed_) napi_throw_error(env_, nullptr, message);
    failed_ = true;
    return nullptr;
  }

  int integer(size_t index) {
    int64_t value = 0;
    if (index >= count_ || napi_get_value_int64(env_, values_[index], &value) != 0 || value < INT_MIN ||
        value > INT_MAX) {
      fail("Expected an integer of 32 bits");
      return 0;
    }
    return static_cast<int>(value);
  }

  /** `length` bytes from `offset` of a Uint8Array. */
  Bytes bytes(size_t view, size_t offset, size_t length) {
    const Bytes whole = bytes(view);
    int64_t from = 0, count = 0;
    if (failed_ || offset >= count_ || length >= count_ || napi_get_value_int64(env_, values_[offset], &from) != 0 ||
        napi_get_value_int64(env_, values_[length], &count) != 0 || from < 0 || count < 0 || count > INT_MAX ||
        static_cast<uint64_t>(from) > whole.length || static_cast<uint64_t>(count) > whole.length - from) {
      fail("Expected offset and length inside the memory");
      return {};
    }
    return {whole.data + from, static_cast<size_t>(count)};
  }

  Bytes bytes(size_t view) {
    Bytes result;
    int type = -1;
    void* data = nullptr;
    if (view >= count_ ||
        napi_get_typedarray_info(env_, values_[view], &type, &result.length, &data, nullptr, nullptr) != 0 ||
        type != uint8Type) {
      fail("Expected a Uint8Array");
      return {};
    }
    result.data = static_cast<uint8_t*>(data);
    return result;
  }

  /** Counts and places of parts, one for each rank, from a Float64Array of their ends; all inside `length` bytes. */
  void parts(size_t ends, size_t length, std::vector<int>& counts, std::vector<int>& places) {
    int type = -1, size = 0;
    size_t found = 0;
    void* data = nullptr;
    if (MPI_Comm_size(MPI_COMM_WORLD, &size) != MPI_SUCCESS || ends >= count_ ||
        napi_get_typedarray_info(env_, values_[ends], &type, &found, &data, nullptr, nullptr) != 0 ||
        type != float64Type || found != static_cast<size_t>(size) + 1) {
      fail("Expected a Float64Array with the ends of each rank's part");
      return;
    }
    const double* values = static_cast<const double*>(data);
    for (int rank = 0; rank < size; ++rank) {
      const double begin = values[rank], end = values[rank + 1];
      if (!(begin >= 0 && begin <= end && end <= static_cast<double>(length) && end <= INT_MAX)) {
        fail("Expected ends in order and inside the memory");
        return;
      }
      places.push_back(static_cast<int>(begin));
      counts.push_back(static_cast<int>(end - begin));
    }
  }

  void* number(int value) {
    void* result = nullptr;
    napi_create_int32(env_, value, &result);
    return result;
  }

  void* boolean(bool value) {
    void* result = nullptr;
    napi_get_boolean(env_, value, &result);
    return result;
  }

  /** Throws MPI's text for a code that is not success. */
  bool check(int code) {
    if (code == MPI_SUCCESS) return !failed_;
    char text[MPI_MAX_ERROR_STRING + 1] = {};
    int length = 0;
    if (MPI_Error_string(code, text, &length) != MPI_SUCCESS) std::snprintf(text, sizeof text, "MPI error %d", code);
    fail(text);
    return false;
  }

 private:
  void* env_;
  void* values_[mostArguments] = {};
  size_t count_ = 0;
  bool failed_ = false;
};

/** A free request, and its number. */
Request& take(int& number) {
  for (size_t index = 0; index < requests.size(); ++index) {
    if (requests[index].used) continue;
    number = static_cast<int>(index);
    requests[index].used = true;
    return requests[index];
  }
  number = static_cast<int>(requests.size());
  requests.emplace_back().used = true;
  return requests.back();
}

void release(Request& request) { request = Request(); }

/** Begins a request and returns its number. */
template <typename Begin>
void* begin(Call& call, Begin start) {
  if (call.failed()) return nullptr;
  int number = 0;
  Request& request = take(number);
  if (call.check(start(request)) && !call.failed()) return call.number(number);
  release(request);
  return nullptr;
}

Request* find(Call& call) {
  const int number = call.integer(0);
  if (call.failed()) return nullptr;
  if (number >= 0 && static_cast<size_t>(number) < requests.size() && requests[number].used) return &requests[number];
  call.fail("Expected the number of a request under way");
  return nullptr;
}

void* init(void* env, void* info) {
  Call call(env, info);
  int provided = 0;
  if (!call.check(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided))) return nullptr;
  call.check(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN));
  return nullptr;
}

void* rankOf(void* env, void* info) {
  Call call(env, info);
  int rank = 0;
  return call.check(MPI_Comm_rank(MPI_COMM_WORLD, &rank)) ? call.number(rank) : nullptr;
}

void* sizeOf(void* env, void* info) {
  Call call(env, info);
  int size = 0;
  return call.check(MPI_Comm_size(MPI_COMM_WORLD, &size)) ? call.number(size) : nullptr;
}

void* isend(void* env, void* info) {
  Call call(env, info);
  const Bytes part = call.bytes(0, 1, 2);
  const int peer = call.integer(3), tag = call.integer(4);
  return begin(call, [&](Request& request) {
    return MPI_Isend(part.data, static_cast<int>(part.length), MPI_BYTE, peer, tag, MPI_COMM_WORLD, &request.handle);
  });
}

void* irecv(void* env, void* info) {
  Call call(env, info);
  const Bytes part = call.bytes(0, 1, 2);
  const int peer = call.integer(3), tag = call.integer(4);
  return begin(call, [&](Request& request) {
    return MPI_Irecv(part.data, static_cast<int>(part.length), MPI_BYTE, peer, tag, MPI_COMM_WORLD, &request.handle);
  });
}

void* iallgatherv(void* env, void* info) {
  Call call(env, info);
  const Bytes whole = call.bytes(0);
  return begin(call, [&](Request& request) {
    call.parts(1, whole.length, request.counts, request.places);
    if (call.failed()) return MPI_SUCCESS;
    return MPI_Iallgatherv(MPI_IN_PLACE, 0, MPI_BYTE, whole.data, request.counts.data(), request.places.data(),
                           MPI_BYTE, MPI_COMM_WORLD, &request.handle);
  });
}

void* ialltoallv(void* env, void* info) {
  Call call(env, info);
  const Bytes from = call.bytes(0), to = call.bytes(2);
  return begin(call, [&](Request& request) {
    call.parts(1, from.length, request.counts, request.places);
    if (!call.failed()) call.parts(3, to.length, request.moreCounts, request.morePlaces);
    if (call.failed()) return MPI_SUCCESS;
    return MPI_Ialltoallv(from.data, request.counts.data(), request.places.data(), MPI_BYTE, to.data,
                          request.moreCounts.data(), request.morePlaces.data(), MPI_BYTE, MPI_COMM_WORLD,
                          &request.handle);
  });
}

void* ibcast(void* env, void* info) {
  Call call(env, info);
  const Bytes part = call.bytes(0, 1, 2);
  const int root = call.integer(3);
  return begin(call, [&](Request& request) {
    return MPI_Ibcast(part.data, static_cast<int>(part.length), MPI_BYTE, root, MPI_COMM_WORLD, &request.handle);
  });
}

void* ibarrier(void* env, void* info) {
  Call call(env, info);
  return begin(call, [](Request& request) { return MPI_Ibarrier(MPI_COMM_WORLD, &request.handle); });
}

void* test(void* env, void* info) {
  Call call(env, info);
  Request* request = find(call);
  if (request == nullptr) return nullptr;
  int done = 0;
  if (!call.check(MPI_Test(&request->handle, &done, MPI_STATUS_IGNORE))) return nullptr;
  if (done != 0) release(*request);
  return call.boolean(done != 0);
}

void* cancel(void* env, void* info) {
  Call call(env, info);
  Request* request = find(call);
  if (request == nullptr || !call.check(MPI_Cancel(&request->handle))) return nullptr;
  call.check(MPI_Request_free(&request->handle));
  release(*request);
  return nullptr;
}

void* abortAll(void* env, void* info) {
  Call call(env, info);
  const int code = call.integer(0);
  if (!call.failed()) call.check(MPI_Abort(MPI_COMM_WORLD, code));
  return nullptr;
}

void* finalize(void* env, void* info) {
  Call call(env, info);
  call.check(MPI_Finalize());
  return nullptr;
}

}  // namespace
}  // namespace convoy

void* napi_register_module_v1(void* env, void* exports) {
  const struct {
    const char* name;
    void* (*call)(void*, void*);
  } functions[] = {
      {"init", convoy::init},
      {"rank", convoy::rankOf},
      {"size", convoy::sizeOf},
      {"isend", convoy::isend},
      {"irecv", convoy::irecv},
      {"iallgatherv", convoy::iallgatherv},
      {"ialltoallv", convoy::ialltoallv},
      {"ibcast", convoy::ibcast},
      {"ibarrier", convoy::ibarrier},
      {"test", convoy::test},
      {"cancel", convoy::cancel},
      {"abort", convoy::abortAll},
      {"finalize", convoy::finalize},
  };
  for (const auto& function : functions) {
    void* made = nullptr;
    if (napi_create_function(env, function.name, static_cast<size_t>(-1), function.call, nullptr, &made) == 0)
      napi_set_named_property(env, exports, function.name, made);
  }
  return exports;
}
