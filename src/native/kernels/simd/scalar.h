// The vector interface without instructions of any processor: four lanes of the compiler's own vector types, which it
// maps to what the target has (SSE2, NEON, or single numbers). Runs on any processor and under any sanitizer.
#pragma once

#ifdef __aarch64__
#define CONVOY_REGISTERS 32
#else
#define CONVOY_REGISTERS 16
#endif

namespace convoy {
namespace {

constexpr int lanes = 4;

typedef float Vector __attribute__((vector_size(4 * lanes)));
typedef int32_t Integers __attribute__((vector_size(4 * lanes)));

inline Vector broadcast(float value) { return Vector{} + value; }

inline Vector load(const float* from) {
  Vector v;
  memcpy(&v, from, sizeof v);
  return v;
}

inline void store(float* to, Vector v) { memcpy(to, &v, sizeof v); }

inline Vector load(const Bfloat16* from) {
  Vector v;
  for (int i = 0; i < lanes; i++) v[i] = loadOne(from + i);
  return v;
}

inline void store(Bfloat16* to, Vector v) {
  for (int i = 0; i < lanes; i++) storeOne(to + i, v[i]);
}

inline Integers loadBytes(const uint8_t* from) {
  Integers v;
  for (int i = 0; i < lanes; i++) v[i] = from[i];
  return v;
}

inline void storeBytes(uint8_t* to, Integers v) {
  for (int i = 0; i < lanes; i++) to[i] = static_cast<uint8_t>(v[i]);
}

inline Vector lookUpOfFour(const float* four, Integers index) {
  Vector v;
  for (int i = 0; i < lanes; i++) v[i] = four[index[i] & 3];
  return v;
}

inline Integers lookUp(Integers table, Integers index) {
  Integers v;
  for (int i = 0; i < lanes; i++) v[i] = table[index[i] & (lanes - 1)];
  return v;
}

inline uint32_t maskOf(Integers comparison) {
  uint32_t mask = 0;
  for (int i = 0; i < lanes; i++) mask |= static_cast<uint32_t>(comparison[i] != 0) << i;
  return mask;
}

inline void compressStore(int32_t* to, Integers v, uint32_t mask) {
  for (int i = 0; i < lanes; i++) {
    if (mask >> i & 1) *to++ = v[i];
  }
}

template <int half>
inline void exchange(Integers& above, Integers& below) {
  for (int i = 0; i < lanes; i++) {
    if ((i & half) != 0) continue;
    const int32_t right = above[i + half];
    above[i + half] = below[i];
    below[i] = right;
  }
}

/** Windows that `loadWindows2x2` takes at once. */
constexpr int windowsAtOnce = 1;

inline void loadWindows2x2(const float* from, size_t line, float* to) {
  to[0] = from[0];
  to[1] = from[1];
  to[2] = from[line];
  to[3] = from[line + 1];
}

}  // namespace
}  // namespace convoy
