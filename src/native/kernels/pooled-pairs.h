// Gradients of a pooled convolution in bfloat16, as pooled.h has them, with VDPBF16PS: it multiplies two numbers of each lane by
// two others and adds both products to a float32. Elements of the gradient are taken two at a time, and of what they multiply
// the rows are interleaved on the way.
#pragma once
#include "kernels.h"
#include "pooled.h"
#include "strip.h"
#include "transpose.h"
#include "vectors.h"

#ifdef __AVX512BF16__

namespace convoy {
namespace {

/** Numbers of a row that are loaded at a time; interleaved with those of another row they are two vectors of pairs. */
constexpr int block = 2 * lanes;

inline int roundUpToBlock(int size) { return (size + block - 1) / block * block; }

/** Where in two vectors of sums the number at `place` of a block goes: unpacking takes four of every eight, then the others. */
constexpr int unpacked(int place) { return (place & 4) * (lanes / 4) + place / 8 * 4 + (place & 3); }

/** Elements of the gradient that are not zero: where what they multiply begins, and their values; two and two belong together. */
struct PairEntries {
  int32_t* offsets;
  Bfloat16* values;
  PairEntries from(size_t index) const { return {offsets + index, values + index}; }
  /** Some of 16 words, behind `number` entries; of a word the upper half is a value, the lower how many steps from `start` it begins. */
  int append(int number, Integers words, __mmask16 bits, int step, int start) const {
    const __m512i kept = _mm512_maskz_compress_epi32(bits, (__m512i)words);
    const Integers begin = (Integers)_mm512_and_si512(kept, _mm512_set1_epi32(0xffff)) * step + start;
    _mm512_storeu_si512(offsets + number, (__m512i)begin);
    _mm256_storeu_si256((__m256i*)(values + number), _mm512_cvtepi32_epi16(_mm512_srli_epi32(kept, 16)));
    return number + __builtin_popcount(bits);
  }
  /** Brings an odd number to an even one by a zero. */
  int even(int number, int offset) const {
    offsets[number] = offset;
    values[number] = {0};
    return number + (number & 1);
  }
};

/** Room for entries, and a vector behind them. */
class PairScratch {
 public:
  PairEntries take(size_t count) { return {offsets_.take<int32_t>(count), values_.take<Bfloat16>(count)}; }

 private:
  Scratch offsets_, values_;
};

/** Up to 16 numbers, each the upper half of a lane. */
inline Integers upperHalves(const Bfloat16* from, __mmask16 valid) {
  return (Integers)_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(valid, from)), 16);
}

/** Which words have a value that is not zero. */
inline __mmask16 valued(Integers words) { return _mm512_test_epi32_mask((__m512i)words, _mm512_set1_epi32(0x7fff0000)); }

inline Integers widen(const uint8_t* from, __mmask16 valid) { return (Integers)_mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(valid, from)); }

/**
 * sums[row][v] += values * what is at from[row][v] over pairs of entries, for `wide` blocks of some rows, which stay in registers;
 * entries of the list behind go to the rows from the second on. `ends`: where the lists end.
 */
template <int rows, int wide, int lists>
void sumPairs(float* sums, size_t sumStep, const Bfloat16* from, size_t fromStep, PairEntries entries, const int* ends) {
  constexpr int all = rows + lists - 1;
  __m512 total[all][wide][2];
  CONVOY_UNROLL
  for (int row = 0; row < all; row++) {
    CONVOY_UNROLL
    for (int v = 0; v < wide; v++) {
      total[row][v][0] = _mm512_loadu_ps(sums + row * sumStep + v * block);
      total[row][v][1] = _mm512_loadu_ps(sums + row * sumStep + v * block + lanes);
    }
  }
  int e = 0;
  CONVOY_UNROLL
  for (int list = 0; list < lists; list++) {
    for (; e < ends[list]; e += 2) {
      const Bfloat16 *first = from + entries.offsets[e], *second = from + entries.offsets[e + 1];
      int32_t both;
      memcpy(&both, entries.values + e, sizeof both);
      const __m512bh values = (__m512bh)_mm512_set1_epi32(both);
      CONVOY_UNROLL
      for (int row = 0; row < rows; row++) {
        CONVOY_UNROLL
        for (int v = 0; v < wide; v++) {
          const __m512i one = _mm512_loadu_si512(first + row * fromStep + v * block);
          const __m512i other = _mm512_loadu_si512(second + row * fromStep + v * block);
          auto& sum = total[list + row][v];
          sum[0] = _mm512_dpbf16_ps(sum[0], (__m512bh)_mm512_unpacklo_epi16(one, other), values);
          sum[1] = _mm512_dpbf16_ps(sum[1], (__m512bh)_mm512_unpackhi_epi16(one, other), values);
        }
      }
    }
  }
  CONVOY_UNROLL
  for (int row = 0; row < all; row++) {
    CONVOY_UNROLL
    for (int v = 0; v < wide; v++) {
      _mm512_storeu_ps(sums + row * sumStep + v * block, total[row][v][0]);
      _mm512_storeu_ps(sums + row * sumStep + v * block + lanes, total[row][v][1]);
    }
  }
}

typedef void (*SumPairs)(float*, size_t, const Bfloat16*, size_t, PairEntries, const int*);
/** Blocks of a tile: with two sums each and what is multiplied they fill the registers. */
constexpr int tileBlocks = 9;
const SumPairs sumRow[tileBlocks + 1] = {nullptr,           sumPairs<1, 1, 1>, sumPairs<1, 2, 1>, sumPairs<1, 3, 1>, sumPairs<1, 4, 1>,
                                         sumPairs<1, 5, 1>, sumPairs<1, 6, 1>, sumPairs<1, 7, 1>, sumPairs<1, 8, 1>, sumPairs<1, 9, 1>};
/** All rows of a filter, and all that two windows' rows reach. */
const SumPairs sumThree[4] = {nullptr, sumPairs<3, 1, 1>, sumPairs<3, 2, 1>, sumPairs<3, 3, 1>};
const SumPairs sumFour[4] = {nullptr, sumPairs<3, 1, 2>, sumPairs<3, 2, 2>, sumPairs<3, 3, 2>};

/** Sums of rows of any number of blocks. */
class PairSum {
 public:
  explicit PairSum(int padded) {
    const int blocks = padded / block, tiles = (blocks + tileBlocks - 1) / tileBlocks;
    size_ = (blocks + tiles - 1) / tiles;
    full_ = blocks / size_;
    rest_ = blocks % size_;
  }
  void add(float* sums, const Bfloat16* from, PairEntries entries, int number) const {
    for (int tile = 0; tile < full_; tile++) sumRow[size_](sums + tile * size_ * block, 0, from + tile * size_ * block, 0, entries, &number);
    if (rest_ > 0) sumRow[rest_](sums + full_ * size_ * block, 0, from + full_ * size_ * block, 0, entries, &number);
  }

 private:
  int size_, full_, rest_;
};

/** Whether rows of a filter, three, fit the registers together. */
inline bool fitsRegisters(const PooledConvolution& c, int padded) { return c.filterRows == 3 && padded <= 3 * block; }

/** Whether places in a strip and outputs are halves of words, and the places of a window the lanes of a vector. */
inline bool fitsWords(const PooledConvolution& c, int pixels) {
  return pixels < 1 << 16 && c.outputs < 1 << 16 && c.window.rows * c.window.columns <= lanes;
}

/** Pixels that a filter and `together` rows of windows reach. */
inline int stripPixels(const PooledConvolution& c, int together) {
  return (together * c.window.rows + c.filterRows - 1) * (c.pooledColumns * c.window.columns + c.filterColumns - 1);
}

/** As many rows of windows at once as stay in the first-level cache; where the sums do not stay near, a whole image. */
inline int pairedRows(const PooledConvolution& c, size_t sumFloats) {
  int together = c.pooledRows;
  if (sumFloats * sizeof(float) <= secondLevel) {
    while (together > 1 && stripPixels(c, together) * c.inputs * sizeof(Bfloat16) > firstLevel) together--;
  }
  return together;
}

void pairedFilter(const PooledConvolution& c, const Bfloat16* x, const Bfloat16* gradient, const uint8_t* place, float* filter) {
  static thread_local Scratch stripMemory, sumMemory, countMemory, cornerMemory;
  static thread_local PairScratch entryMemory;
  const int columns = c.pooledColumns * c.window.columns + c.filterColumns - 1;
  const int row = c.filterColumns * c.inputs, padded = roundUpToBlock(row);
  const size_t sumFloats = (size_t)c.outputs * c.filterRows * padded, line = (size_t)columns * c.inputs;
  const int together = pairedRows(c, sumFloats);
  if (!fitsWords(c, stripPixels(c, together))) return pooledFilter<Bfloat16>(c, x, gradient, place, filter);
  float* sums = sumMemory.take<float>(sumFloats);
  memset(sums, 0, sumFloats * sizeof(float));
  Bfloat16* strip = stripMemory.take<Bfloat16>(stripPixels(c, together) * (size_t)c.inputs + padded);
  const int most = together * c.pooledColumns, room = most + lanes;
  const PairEntries entries = entryMemory.take((size_t)c.outputs * room);
  int* counts = countMemory.take<int>(c.outputs);
  int32_t* corners = cornerMemory.take<int32_t>(most + lanes);
  memset(corners, 0, (most + lanes) * sizeof(int32_t));
  for (int n = 0; n < most; n++) corners[n] = n / c.pooledColumns * c.window.rows * columns + n % c.pooledColumns * c.window.columns;
  Integers inWindow = {};
  for (int q = 0; q < c.window.rows * c.window.columns; q++) inWindow[q] = q / c.window.columns * columns + q % c.window.columns;
  const PairSum sum(padded);
  const SumPairs sumRows = fitsRegisters(c, padded) ? sumThree[padded / block] : nullptr;
  for (int image = 0; image < c.images; image++) {
    for (int first = 0; first < c.pooledRows; first += together) {
      const int count = c.pooledRows - first < together ? c.pooledRows - first : together, windows = count * c.pooledColumns;
      copyStrip(x + (size_t)image * c.height * c.width * c.inputs, c.height, c.width, c.inputs, first * c.window.rows - c.top,
                c.left, count * c.window.rows + c.filterRows - 1, columns, strip);
      memset(counts, 0, c.outputs * sizeof(int));
      const size_t begin = ((size_t)image * c.pooledRows + first) * c.pooledColumns * c.outputs;
      for (int n = 0; n < windows; n += lanes) {
        const int some = windows - n < lanes ? windows - n : lanes;
        const Integers ahead = *(const Integers*)(corners + n);
        for (int output = 0; output < c.outputs; output += lanes) {
          const int wide = c.outputs - output < lanes ? c.outputs - output : lanes;
          const __mmask16 valid = (1u << wide) - 1;
          Integers words[lanes];
          for (int i = 0; i < some; i++) {
            const size_t at = begin + (size_t)(n + i) * c.outputs + output;
            const __m512i inside = _mm512_permutexvar_epi32((__m512i)widen(place + at, valid), (__m512i)inWindow);
            words[i] = upperHalves(gradient + at, valid) | (Integers)inside;
          }
          for (int i = some; i < lanes; i++) words[i] = Integers{};
          transpose(words);
          for (int i = 0; i < wide; i++) {
            int& number = counts[output + i];
            number = entries.from((size_t)(output + i) * room).append(number, words[i] + ahead, valued(words[i]), c.inputs, 0);
          }
        }
      }
      for (int output = 0; output < c.outputs; output++) {
        const PairEntries own = entries.from((size_t)output * room);
        float* to = sums + (size_t)output * c.filterRows * padded;
        const int number = own.even(counts[output], 0);
        if (sumRows != nullptr) sumRows(to, padded, strip, line, own, &number);
        else for (int k = 0; k < c.filterRows; k++) sum.add(to + k * padded, strip + k * line, own, number);
      }
    }
  }
  for (int k = 0; k < c.filterRows; k++) {
    for (int i = 0; i < row; i++) {
      const int at = i / block * block + unpacked(i % block);
      float* to = filter + ((size_t)k * row + i) * c.outputs;
      for (int output = 0; output < c.outputs; output++) to[output] = sums[((size_t)output * c.filterRows + k) * padded + at];
    }
  }
}

void pairedInput(const PooledConvolution& c, const Bfloat16* filter, const Bfloat16* gradient, const uint8_t* place, Bfloat16* x) {
  static thread_local Scratch filterMemory, stripMemory, startMemory, wordMemory;
  static thread_local PairScratch entryMemory;
  if (!fitsWords(c, 0)) return pooledInput<Bfloat16>(c, filter, gradient, place, x);
  const int row = c.filterColumns * c.inputs, padded = roundUpToBlock(row);
  const int filterStep = c.outputs * padded;
  // [filter row][output][its columns and inputs], so that unpacking puts them in order
  Bfloat16* turned = filterMemory.take<Bfloat16>((size_t)c.filterRows * filterStep);
  memset(turned, 0, (size_t)c.filterRows * filterStep * sizeof(Bfloat16));
  int packed[block];
  for (int i = 0; i < block; i++) packed[unpacked(i)] = i;
  for (int k = 0; k < c.filterRows; k++) {
    for (int i = 0; i < row; i++) {
      const Bfloat16* from = filter + ((size_t)k * row + i) * c.outputs;
      Bfloat16* to = turned + (size_t)k * filterStep + i / block * block + packed[i % block];
      for (int output = 0; output < c.outputs; output++) to[(size_t)output * padded] = from[output];
    }
  }
  // The rows of x that one row of windows reaches, with what a filter reaches beyond x; then what is beyond the last patch.
  const int rows = c.window.rows + c.filterRows - 1, columns = c.width + c.filterColumns - 1;
  const size_t line = (size_t)columns * c.inputs;
  float* strip = stripMemory.take<float>(rows * line + padded);
  // Entries by the column of x where their patch begins, and within it by row: starts[column * window.rows + row of the window].
  const int across = c.pooledColumns * c.window.columns, lists = across * c.window.rows;
  const PairEntries entries = entryMemory.take((size_t)c.pooledColumns * c.outputs + lists + lanes);
  int* starts = startMemory.take<int>(lists + 1);
  Integers lane;
  for (int i = 0; i < lanes; i++) lane[i] = i;
  // Of one window, by vectors of outputs.
  const int vectors = roundUp(c.outputs) / lanes;
  Integers *words = wordMemory.take<Integers>(2 * vectors), *places = words + vectors;
  const PairSum sum(padded);
  const bool together = fitsRegisters(c, padded) && c.window.rows <= 2 && (size_t)padded <= line && c.filterRows * filterStep * sizeof(Bfloat16) <= firstLevel;
  // What makes up for the row of a window where each row of the strip is summed by itself: there the filter's row is one less.
  const int behind = together ? 0 : -filterStep;
  const SumPairs sumRows = !together ? nullptr : (c.window.rows == 2 ? sumFour : sumThree)[padded / block];
  for (int image = 0; image < c.images; image++, x += (size_t)c.height * c.width * c.inputs) {
    memset(strip, 0, (rows * line + padded) * sizeof(float));
    const auto emit = [&](int from, int stripRow) {
      const int to = from - c.top;
      if (to < 0 || to >= c.height) return;
      copy(strip + stripRow * line + (size_t)c.left * c.inputs, (size_t)c.width * c.inputs, x + (size_t)to * c.width * c.inputs);
    };
    for (int i = 0; i < c.pooledRows; i++) {
      const size_t begin = ((size_t)image * c.pooledRows + i) * c.pooledColumns * c.outputs;
      const Bfloat16* g = gradient + begin;
      const uint8_t* p = place + begin;
      int number = 0, list = 0;
      for (int j = 0; j < c.pooledColumns; j++, g += c.outputs, p += c.outputs) {
        for (int v = 0; v < vectors; v++) {
          const int output = v * lanes, wide = c.outputs - output < lanes ? c.outputs - output : lanes;
          const __mmask16 valid = (1u << wide) - 1;
          words[v] = upperHalves(g + output, valid) | (lane + output);
          places[v] = widen(p + output, valid);
        }
        for (int column = 0; column < c.window.columns; column++) {
          for (int row = 0; row < c.window.rows; row++) {
            const Integers q = Integers{} + (row * c.window.columns + column);
            starts[list++] = number;
            for (int v = 0; v < vectors; v++) {
              const __mmask16 here = _mm512_cmpeq_epi32_mask((__m512i)places[v], (__m512i)q) & valued(words[v]);
              number = entries.append(number, words[v], here, padded, row * behind);
            }
            number = entries.even(number, row * behind);
          }
        }
      }
      starts[list] = number;
      if (together) {
        for (int column = 0; column < across; column++) {
          const int* start = starts + column * c.window.rows;
          const int ends[] = {start[1] - start[0], start[c.window.rows] - start[0]};
          sumRows(strip + (size_t)column * c.inputs, line, turned, filterStep, entries.from(start[0]), ends);
        }
      } else {
        // A row after the other: the rows of the filter that reach it stay in the first-level cache for all columns.
        for (int k = 0; k < rows; k++) {
          const int first = k - c.filterRows + 1 > 0 ? k - c.filterRows + 1 : 0;
          const int behind = (k < c.window.rows - 1 ? k : c.window.rows - 1) + 1;
          for (int column = 0; column < across; column++) {
            const int from = starts[column * c.window.rows + first], to = starts[column * c.window.rows + behind];
            if (to > from) sum.add(strip + k * line + (size_t)column * c.inputs, turned + (ptrdiff_t)k * filterStep, entries.from(from), to - from);
          }
        }
      }
      for (int k = 0; k < c.window.rows; k++) emit(i * c.window.rows + k, k);
      memmove(strip, strip + c.window.rows * line, (rows - c.window.rows) * line * sizeof(float));
      memset(strip + (rows - c.window.rows) * line, 0, c.window.rows * line * sizeof(float));
    }
    // What is left in the strip, and the rows that no window reaches, which it has zeros for at its end.
    for (int k = c.pooledRows * c.window.rows; k < c.height + c.top; k++) {
      const int left = k - c.pooledRows * c.window.rows;
      emit(k, left < rows ? left : rows - 1);
    }
  }
}

}  // namespace
}  // namespace convoy

#endif
