// The library as Node loads it. Its exports:
//
//   sets                   names of the instruction sets that this processor can use, separated by commas
//   use(name)              registers the ops of a set with TensorFlow, once for the process; '' is the quickest set
//                          Returns `SET:OP,OP...`, the ops that are worth using, with `bfloat16` at the end where their
//                          sums of bfloat16 are quicker than TensorFlow's. Returns '' where no set is quicker.
//   flushSubnormals(on)    whether this thread takes subnormal numbers as zero, as TensorFlow's own threads do
//   correctCaches(version) see onednn-caches.h
#include <immintrin.h>

#include <cstdio>
#include <cstring>

#include "instruction-sets.h"
#include "onednn-caches.h"

// The part of Node-API that is used here. It is stable, and not every Node comes with its headers.
extern "C" {
int napi_create_string_utf8(void* env, const char* text, size_t length, void** result);
int napi_set_named_property(void* env, void* object, const char* name, void* value);
int napi_throw_error(void* env, const char* code, const char* message);
int napi_create_function(void* env, const char* name, size_t length, void* (*call)(void* env, void* info), void* data,
                         void** result);
int napi_get_cb_info(void* env, void* info, size_t* count, void** values, void** self, void** data);
int napi_get_value_bool(void* env, void* value, bool* result);
int napi_get_value_string_utf8(void* env, void* value, char* text, size_t room, size_t* length);
int napi_get_boolean(void* env, bool value, void** result);
int napi_create_int32(void* env, int32_t value, void** result);
}

namespace convoy {
namespace {

/** The set that this process uses: TensorFlow keeps an op until the process ends. Null until it is chosen. */
const InstructionSet* used = nullptr;

/** The only argument of a call. */
void* argument(void* env, void* info) {
  size_t count = 1;
  void* value = nullptr;
  return napi_get_cb_info(env, info, &count, &value, nullptr, nullptr) == 0 && count == 1 ? value : nullptr;
}

void* text(void* env, const char* value) {
  void* result = nullptr;
  napi_create_string_utf8(env, value, static_cast<size_t>(-1), &result);
  return result;
}

void* fail(void* env, const char* message) {
  napi_throw_error(env, nullptr, message);
  return nullptr;
}

/** Names of available sets, separated by commas. */
void namesOfSets(char* names, size_t room) {
  size_t length = 0;
  names[0] = '\0';
  for (const InstructionSet& set : instructionSets) {
    if (!available(set) || length >= room) continue;
    length += static_cast<size_t>(snprintf(names + length, room - length, "%s%s", length == 0 ? "" : ",", set.name));
  }
}

void* use(void* env, void* info) {
  char name[32] = "", message[320];
  size_t length = 0;
  if (napi_get_value_string_utf8(env, argument(env, info), name, sizeof name, &length) != 0) {
    return fail(env, "Expected the name of an instruction set for use");
  }
  const InstructionSet* set = name[0] == '\0' ? (used != nullptr ? used : quickestSet()) : setNamed(name);
  if (set == nullptr && name[0] == '\0') return text(env, "");
  if (set == nullptr) {
    snprintf(message, sizeof message, "Expected an instruction set of this processor but received %s", name);
    return fail(env, message);
  }
  if (used != nullptr && used != set) {
    snprintf(message, sizeof message, "Expected %s, which this process uses already, but received %s", used->name,
             name);
    return fail(env, message);
  }
  if (used == nullptr && !registerOps(set->ops, message, sizeof message)) return fail(env, message);
  used = set;
  char ops[2048];
  size_t end = static_cast<size_t>(snprintf(ops, sizeof ops, "%s:", set->name));
  const char* comma = "";
  for (const Registration* op : set->ops) {
    if (!op->schema->isWorthwhile) continue;
    if (end < sizeof ops)
      end += static_cast<size_t>(snprintf(ops + end, sizeof ops - end, "%s%s", comma, op->schema->name));
    comma = ",";
  }
  const bool outdoes = set->dotsBfloat16 && !bfloat16Units().tiles;
  if (outdoes && end < sizeof ops)
    end += static_cast<size_t>(snprintf(ops + end, sizeof ops - end, "%sbfloat16", comma));
  return end < sizeof ops ? text(env, ops) : fail(env, "Expected a shorter list of ops");
}

void* flushSubnormals(void* env, void* info) {
  constexpr unsigned flushed = _MM_FLUSH_ZERO_ON | _MM_DENORMALS_ZERO_ON;
  bool flush = false;
  if (napi_get_value_bool(env, argument(env, info), &flush) != 0)
    return fail(env, "flushSubnormals expects true or false");
  const unsigned before = _mm_getcsr();
  _mm_setcsr(flush ? before | flushed : before & ~flushed);
  void* result = nullptr;
  napi_get_boolean(env, (before & flushed) == flushed, &result);
  return result;
}

void* correctCachesOf(void* env, void* info) {
  char version[32] = "";
  size_t length = 0;
  if (napi_get_value_string_utf8(env, argument(env, info), version, sizeof version, &length) != 0) {
    return fail(env, "correctCaches expects TensorFlow's version");
  }
  void* result = nullptr;
  napi_create_int32(env, correctCaches(version), &result);
  return result;
}

constexpr struct {
  const char* name;
  void* (*call)(void* env, void* info);
} functions[] = {{"use", use}, {"flushSubnormals", flushSubnormals}, {"correctCaches", correctCachesOf}};

}  // namespace
}  // namespace convoy

extern "C" {
__attribute__((visibility("default"))) int32_t node_api_module_get_api_version_v1() { return 8; }

__attribute__((visibility("default"))) void* napi_register_module_v1(void* env, void* exports) {
  __builtin_cpu_init();
  char sets[64];
  convoy::namesOfSets(sets, sizeof sets);
  napi_set_named_property(env, exports, "sets", convoy::text(env, sets));
  for (const auto& [name, call] : convoy::functions) {
    void* function = nullptr;
    if (napi_create_function(env, name, static_cast<size_t>(-1), call, nullptr, &function) == 0)
      napi_set_named_property(env, exports, name, function);
  }
  return exports;
}
}
