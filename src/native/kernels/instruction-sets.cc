#include "instruction-sets.h"

#include <cstring>

#ifdef __x86_64__
#include <cpuid.h>
#endif

// The linker defines where a section whose name is an identifier begins and ends; weak: a set may not have been
// compiled.
#define CONVOY_SECTION_OF(set)                                                                                         \
  extern "C" __attribute__((weak, visibility("hidden"))) const convoy::Registration* const __start_convoy_ops_##set[]; \
  extern "C" __attribute__((weak, visibility("hidden"))) const convoy::Registration* const __stop_convoy_ops_##set[];

CONVOY_SECTION_OF(scalar)
CONVOY_SECTION_OF(avx2)
CONVOY_SECTION_OF(avx512)
CONVOY_SECTION_OF(avx512bf16)

namespace convoy {
namespace {

#ifdef __x86_64__
bool hasAvx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
bool hasAvx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
}
bool hasAvx512Bf16() { return hasAvx512() && bfloat16Units().vectors; }
#else
bool hasAvx2() { return false; }
bool hasAvx512() { return false; }
bool hasAvx512Bf16() { return false; }
#endif

}  // namespace

const InstructionSet instructionSets[instructionSetCount] = {
    {"scalar", {__start_convoy_ops_scalar, __stop_convoy_ops_scalar}, [] { return true; }, false},
    {"avx2", {__start_convoy_ops_avx2, __stop_convoy_ops_avx2}, hasAvx2, false},
    {"avx512", {__start_convoy_ops_avx512, __stop_convoy_ops_avx512}, hasAvx512, false},
    {"avx512bf16", {__start_convoy_ops_avx512bf16, __stop_convoy_ops_avx512bf16}, hasAvx512Bf16, true},
};

bool available(const InstructionSet& set) { return set.ops.first != set.ops.behind && set.supported(); }

const InstructionSet* quickestSet() {
  for (int i = instructionSetCount - 1; i > 0; i--) {
    if (available(instructionSets[i])) return &instructionSets[i];
  }
  return nullptr;
}

const InstructionSet* setNamed(const char* name) {
  for (const InstructionSet& set : instructionSets) {
    if (strcmp(set.name, name) == 0) return available(set) ? &set : nullptr;
  }
  return nullptr;
}

#ifdef __x86_64__
Bfloat16Units bfloat16Units() {
  unsigned a, b, c, d;
  Bfloat16Units found = {};
  if (__get_cpuid_count(7, 1, &a, &b, &c, &d)) found.vectors = a >> 5 & 1;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) found.tiles = d >> 22 & 1;
  return found;
}
#else
Bfloat16Units bfloat16Units() { return {}; }
#endif

}  // namespace convoy
