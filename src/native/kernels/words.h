// Words of 32 bits: what one lane of a vector multiplies at once, a float32 or two bfloat16.
#pragma once
#include <type_traits>

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

/** In which type numbers are kept to be multiplied as words. */
template <typename T>
using Kept = std::conditional_t<numbersOfWord<T> == 2, T, float>;

/** One word in all lanes. */
template <typename Number>
inline Vector broadcastWord(const Number* from) {
  float word;
  memcpy(&word, from, sizeof word);
  return broadcast(word);
}

/** One word of a column of a matrix, from some rows of it on: as many as there are, and zeros. */
template <typename T, typename From>
inline float wordOf(const From* from, size_t step, int rows) {
  Kept<T> numbers[numbersOfWord<T>] = {};
  for (int i = 0; i < numbersOfWord<T> && i < rows; i++) storeOne(numbers + i, loadOne(from + i * step));
  float word;
  memcpy(&word, numbers, sizeof word);
  return word;
}

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
