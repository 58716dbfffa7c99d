// The vector interface that kernels are written against. The build compiles every op once for each instruction set,
// with CONVOY_SET naming the file of this folder that implements the interface. Such a file defines, in an unnamed
// namespace:
//
//   lanes                     float32 numbers of a vector: 4, 8 or 16
//   CONVOY_REGISTERS          vectors that registers hold, a macro; tiles are sized by it
//   Vector, Integers          GCC's vector types of `lanes` float32 and int32: operators and ?: work lane by lane
//   broadcast(number)         the number in all lanes
//   load, store               memory that need not be aligned: float32, or bfloat16 that is rounded to nearest even
//   loadBytes, storeBytes     `lanes` bytes from and to integers below 256
//   lookUpOfFour(four, i)     each lane takes four[i % 4]
//   lookUp(table, i)          each lane takes table[i % lanes]
//   maskOf(comparison)        one bit for each lane that is true
//   compressStore(to, v, m)   stores the lanes of v whose bit of m is 1, in order; may write a whole vector
//   exchange<n>(above, below) one step of a transposition (transpose.h)
//   loadWindows2x2            elements of 2x2 windows side by side (taps.h)
//
// and, where the processor multiplies pairs of bfloat16, CONVOY_BFLOAT16_DOT and what avx512bf16.h has below it.
#pragma once
#include "bfloat16.h"

#ifndef CONVOY_SET
#error "CONVOY_SET must name an instruction set: -DCONVOY_SET=scalar, avx2, avx512 or avx512bf16"
#endif

#define CONVOY_STRING_OF(text) #text
#define CONVOY_STRING(text) CONVOY_STRING_OF(text)

/** Unrolls the loop after it. Loops over the vectors of a tile need it: only then do the vectors stay in registers. */
#define CONVOY_UNROLL _Pragma("GCC unroll 16")

/**
 * Marks a kernel that an op calls. It is compiled by itself, not into its caller: its speed, and the rounding of its
 * loops over single numbers, must not depend on checks around it.
 */
#define CONVOY_KERNEL __attribute__((noinline))

#include CONVOY_STRING(CONVOY_SET.h)

namespace convoy {
namespace {

/** Copies numbers, from one type to another. */
template <typename T>
inline void copy(const T* from, size_t count, T* to) {
  if (count > 0) memcpy(static_cast<void*>(to), from, count * sizeof(T));
}

template <typename From, typename To>
inline void copy(const From* from, size_t count, To* to) {
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) store(to + i, load(from + i));
  for (; i < count; i++) storeOne(to + i, loadOne(from + i));
}

/** Keeps the compiler from holding each of several addresses at constant distances in a register of its own. */
template <typename T>
inline const T* opaque(const T* address) {
  asm("" : "+r"(address));
  return address;
}

/** The least multiple of `lanes` that is not below a size. */
inline int roundUp(int size) { return (size + lanes - 1) / lanes * lanes; }

}  // namespace
}  // namespace convoy
