// Single numbers: float32 and bfloat16.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace convoy {

/** The upper half of a float32. */
struct Bfloat16 {
  uint16_t bits;
};

namespace {

inline float loadOne(const float* from) { return *from; }

inline float loadOne(const Bfloat16* from) {
  const uint32_t bits = static_cast<uint32_t>(from->bits) << 16;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

inline void storeOne(float* to, float value) { *to = value; }

/** Rounds to the nearest bfloat16, ties to even; NaN stays NaN. */
inline void storeOne(Bfloat16* to, float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  to->bits = static_cast<uint16_t>((value == value ? bits + 0x7fff + (bits >> 16 & 1) : bits | 0x400000) >> 16);
}

/** The number of type T that is nearest to a float32. */
template <typename T>
inline float rounded(float value) {
  T number;
  storeOne(&number, value);
  return loadOne(&number);
}

}  // namespace
}  // namespace convoy
