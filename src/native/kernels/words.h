// Words of 32 bits: what one lane of a vector multiplies at once, a float32 or two bfloat16.
#pragma once
#include "kernels.h"
#include "vectors.h"

namespace convoy {
namespace {

/** Numbers of type T whose products one instruction adds: a word holds so many. */
#ifdef __AVX512BF16__
template <typename T>
constexpr int numbersOfWord = sizeof(float) / sizeof(T);
#else
template <typename T>
constexpr int numbersOfWord = 1;
#endif

/** total + a * b, of words. */
template <typename T>
inline Vector addProduct(Vector total, Vector a, Vector b) {
#ifdef __AVX512BF16__
  if constexpr (numbersOfWord<T> == 2) return (Vector)_mm512_dpbf16_ps((__m512)total, (__m512bh)a, (__m512bh)b);
#endif
  return total + a * b;
}

}  // namespace
}  // namespace convoy
