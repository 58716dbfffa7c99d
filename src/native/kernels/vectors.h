// Vectors of the instruction set that a file is compiled for, and memory for a thread's intermediate results.
#pragma once
#include <immintrin.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "kernels.h"

namespace {

#ifdef __AVX512F__
constexpr int lanes = 16;
/** Accumulators of one tile: of 32 registers, enough to hide the latency of 4 cycles of 2 units, the rest for operands. */
constexpr int tileVectors = 12;
#else
constexpr int lanes = 8;
/** Of 16 registers; 2 units with a latency of 5 cycles want at least 10. */
constexpr int tileVectors = 12;
#endif

typedef float Vector __attribute__((vector_size(4 * lanes)));
typedef int32_t Integers __attribute__((vector_size(4 * lanes)));

typedef Vector Unaligned __attribute__((aligned(4), may_alias));

inline Vector load(const float* from) { return *(const Unaligned*)from; }

inline void store(float* to, Vector v) { *(Unaligned*)to = v; }

/** bfloat16 as float32: its bits are the upper half. */
inline Vector load(const convoy::Bfloat16* from) {
#ifdef __AVX512F__
  return (Vector)_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i*)from)), 16);
#else
  return (Vector)_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i*)from)), 16);
#endif
}

/** The nearest bfloat16, of two the even one; NaN stays NaN. */
inline void store(convoy::Bfloat16* to, Vector v) {
#ifdef __AVX512BF16__
  _mm256_storeu_si256((__m256i*)to, (__m256i)_mm512_cvtneps_pbh((__m512)v));
#else
  const Integers bits = (Integers)v, odd = (bits >> 16) & 1;
  const Integers nearest = v == v ? bits + 0x7fff + odd : bits | 0x400000;
#ifdef __AVX512F__
  _mm256_storeu_si256((__m256i*)to, _mm512_cvtepi32_epi16((__m512i)(nearest >> 16)));
#else
  const __m256i halves = _mm256_srli_epi32((__m256i)nearest, 16);
  const __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(halves, halves), 0x08);
  _mm_storeu_si128((__m128i*)to, _mm256_castsi256_si128(packed));
#endif
#endif
}

/** One number, whatever its type. */
inline float loadOne(const float* from) { return *from; }
inline float loadOne(const convoy::Bfloat16* from) {
  const uint32_t bits = (uint32_t)from->bits << 16;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}
inline void storeOne(float* to, float value) { *to = value; }
inline void storeOne(convoy::Bfloat16* to, float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  to->bits = (uint16_t)((value == value ? bits + 0x7fff + (bits >> 16 & 1) : bits | 0x400000) >> 16);
}

/** Numbers of any type from or to float32. */
template <typename T>
inline void copy(const T* from, size_t count, T* to) {
  memcpy(to, from, count * sizeof(T));
}
template <typename From, typename To>
inline void copy(const From* from, size_t count, To* to) {
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) store(to + i, load(from + i));
  for (; i < count; i++) storeOne(to + i, loadOne(from + i));
}

inline Vector broadcast(float value) {
#ifdef __AVX512F__
  return (Vector)_mm512_set1_ps(value);
#else
  return (Vector)_mm256_set1_ps(value);
#endif
}

/** Unrolls the loop behind it, over the vectors of a tile: they then live in registers. */
#define CONVOY_UNROLL _Pragma("GCC unroll 16")

/** Bytes as integers. */
inline Integers widen(const uint8_t* from) {
#ifdef __AVX512F__
  return (Integers)_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i*)from));
#else
  return (Integers)_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i*)from));
#endif
}

/** Integers below 256 as bytes. */
inline void narrow(uint8_t* to, Integers v) {
  typedef uint8_t Bytes __attribute__((vector_size(lanes)));
  Bytes bytes = __builtin_convertvector(v, Bytes);
  memcpy(to, &bytes, sizeof bytes);
}

/** Each lane takes the one of four numbers that its index says. */
inline Vector chooseOfFour(const float* four, Integers index) {
#ifdef __AVX512F__
  return (Vector)_mm512_permutevar_ps(_mm512_broadcast_f32x4(_mm_loadu_ps(four)), (__m512i)index);
#else
  return (Vector)_mm256_permutevar_ps(_mm256_broadcast_ps((const __m128*)four), (__m256i)index);
#endif
}

/** Each lane takes the number of a table that the low bits of its index say. */
inline Integers lookUp(Integers table, Integers index) {
#ifdef __AVX512F__
  return (Integers)_mm512_permutexvar_epi32((__m512i)index, (__m512i)table);
#else
  return (Integers)_mm256_permutevar8x32_epi32((__m256i)table, (__m256i)index);
#endif
}

/** Which lanes are not zero, a bit each. */
inline uint32_t lanesOf(Integers v) {
#ifdef __AVX512F__
  return _mm512_test_epi32_mask((__m512i)v, (__m512i)v);
#else
  return _mm256_movemask_ps((__m256)v);  // of what a comparison gave
#endif
}

#ifndef __AVX512F__
/** By a byte of bits, the places of those that are 1, in order. */
struct PlacesOfBits {
  uint8_t of[256][8];
};
constexpr PlacesOfBits placesOfBits() {
  PlacesOfBits table = {};
  for (int bits = 0; bits < 256; bits++) {
    for (int place = 0, count = 0; place < 8; place++) {
      if (bits >> place & 1) table.of[bits][count++] = place;
    }
  }
  return table;
}
constexpr PlacesOfBits places = placesOfBits();
#endif

/** The lanes whose bits are 1, in order, into memory with room for a whole vector. */
inline void compress(int32_t* to, Integers v, uint32_t bits) {
#ifdef __AVX512F__
  _mm512_storeu_si512(to, _mm512_maskz_compress_epi32(bits, (__m512i)v));
#else
  _mm256_storeu_si256((__m256i*)to, _mm256_permutevar8x32_epi32((__m256i)v, (__m256i)widen(places.of[bits])));
#endif
}

inline int roundUp(int size) { return (size + lanes - 1) / lanes * lanes; }

/** Memory that a thread keeps from call to call: page faults of fresh memory cost more than the kernels do. */
class Scratch {
 public:
  ~Scratch() { free(memory_); }
  /** Room for some numbers, aligned to cache lines, with a vector to spare behind them. */
  template <typename T>
  T* take(size_t count) {
    size_t bytes = (count * sizeof(T) + 2 * sizeof(Vector) + 63) / 64 * 64;
    if (bytes > size_) {
      free(memory_);
      memory_ = aligned_alloc(64, bytes);
      if (memory_ == nullptr) abort();  // as operator new without exceptions would
      size_ = bytes;
    }
    return static_cast<T*>(memory_);
  }

 private:
  void* memory_ = nullptr;
  size_t size_ = 0;
};

}  // namespace
