// Operands: the 32 bits of a lane that one multiplication takes. An operand is one float32, or `dotLength` bfloat16
// whose products one instruction adds.
#pragma once
#include <type_traits>

#include "simd.h"

namespace convoy {
namespace {

/** Numbers of type T in an operand. */
#ifdef CONVOY_BFLOAT16_DOT
template <typename T>
constexpr int dotLength = sizeof(float) / sizeof(T);
#else
template <typename T>
constexpr int dotLength = 1;
#endif

/** The type that numbers of type T are stored in before they are multiplied. */
template <typename T>
using Stored = std::conditional_t<dotLength<T> == 2, T, float>;

/** One operand in all lanes. */
template <typename Number>
inline Vector broadcastOperand(const Number* from) {
  float operand;
  memcpy(&operand, from, sizeof operand);
  return broadcast(operand);
}

/** The operand of a matrix's column that begins at a row; zeros where there are fewer rows. */
template <typename T, typename From>
inline float packOperand(const From* from, size_t step, int rows) {
  Stored<T> numbers[dotLength<T>] = {};
  for (int i = 0; i < dotLength<T> && i < rows; i++) storeOne(numbers + i, loadOne(from + i * step));
  float operand;
  memcpy(&operand, numbers, sizeof operand);
  return operand;
}

/** total + a b, of operands. */
template <typename T>
inline Vector multiplyAdd(Vector total, Vector a, Vector b) {
#ifdef CONVOY_BFLOAT16_DOT
  if constexpr (dotLength<T> == 2) return dotPairs(total, (Integers)a, (Integers)b);
#endif
  return total + a * b;
}

}  // namespace
}  // namespace convoy
