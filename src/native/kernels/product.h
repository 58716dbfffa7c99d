// Products A'B of factors that are read as they lie, into memory that is there already.
#pragma once
#include "kernels.h"
#include "words.h"

namespace convoy {
namespace {

/** Rows of a tile of the product, two vectors wide: its accumulators and operands fill the registers. */
constexpr int tileRows = lanes == 16 ? 12 : 6;
constexpr int tileColumns = 2 * lanes;
/** Words at once: a panel of B, [word][tileColumns], takes half of a first-level cache. */
constexpr int mostWords = (16 << 10) / (tileColumns * 4);
/** Rows of A at once: packed, they stay in the second-level cache while all of B passes. */
constexpr int blockRows = 16 * tileRows;

/** to[row][column] (+)= sum of a[word][row] * b[word][column] over words, for a tile of `rows` rows. */
template <typename T, int rows, bool onTop>
void multiplyTile(const float* a, const float* b, int words, float* to, size_t step) {
  Vector total[rows][2];
  CONVOY_UNROLL
  for (int row = 0; row < rows; row++) {
    total[row][0] = onTop ? load(to + row * step) : Vector{};
    total[row][1] = onTop ? load(to + row * step + lanes) : Vector{};
  }
  for (int word = 0; word < words; word++, a += tileRows, b += tileColumns) {
    const Vector first = load(b), second = load(b + lanes);
    CONVOY_UNROLL
    for (int row = 0; row < rows; row++) {
      const Vector value = broadcast(a[row]);
      total[row][0] = addProduct<T>(total[row][0], value, first);
      total[row][1] = addProduct<T>(total[row][1], value, second);
    }
  }
  CONVOY_UNROLL
  for (int row = 0; row < rows; row++) {
    store(to + row * step, total[row][0]);
    store(to + row * step + lanes, total[row][1]);
  }
}

/** A tile that reaches beyond the product's last row or column, by way of a whole one. */
template <typename T>
void multiplyEdge(const float* a, const float* b, int words, float* to, size_t step, int rows, int columns, bool onTop) {
  float whole[tileRows * tileColumns];
  multiplyTile<T, tileRows, false>(a, b, words, whole, tileColumns);
  for (int row = 0; row < rows; row++) {
    for (int column = 0; column < columns; column++) {
      float& sum = to[row * step + column];
      sum = (onTop ? sum : 0) + whole[row * tileColumns + column];
    }
  }
}

/** A number as type T has it. */
template <typename T>
inline float rounded(float value) {
  T narrow;
  storeOne(&narrow, value);
  return loadOne(&narrow);
}

/** Packs `inside` numbers of each sample of a word, the second one's being there or not, times the samples' shares; zeros beyond. */
template <typename T, int width, typename From>
inline void packWord(const From* first, const From* second, int inside, const float* shares, float* to) {
#ifdef __AVX512BF16__
  if constexpr (numbersOfWord<T> == 2) {
    for (int i = 0; i < width; i += lanes) {
      const auto mask = [](int numbers) { return (__mmask16)(numbers <= 0 ? 0 : numbers >= lanes ? 0xffff : (1 << numbers) - 1); };
      const __mmask16 valid = mask(inside - i), other = second == nullptr ? 0 : valid;
      __m256i low, high;
      if constexpr (sizeof(From) == sizeof(T)) {
        low = _mm256_maskz_loadu_epi16(valid, first + i);
        high = _mm256_maskz_loadu_epi16(other, second + i);
      } else {
        low = (__m256i)_mm512_cvtneps_pbh((__m512)((Vector)_mm512_maskz_loadu_ps(valid, first + i) * shares[0]));
        high = (__m256i)_mm512_cvtneps_pbh((__m512)((Vector)_mm512_maskz_loadu_ps(other, second + i) * (other == 0 ? 1 : shares[1])));
      }
      const __m512i words = _mm512_or_si512(_mm512_cvtepu16_epi32(low), _mm512_slli_epi32(_mm512_cvtepu16_epi32(high), 16));
      _mm512_mask_storeu_epi32(to + i, mask(width - i), words);
    }
    return;
  }
#endif
  for (int i = 0; i < width; i++) to[i] = i < inside ? rounded<T>(loadOne(first + i) * *shares) : 0;
}

/** Numbers of samples as words, [word][width] for each panel of `width` columns. */
template <typename T, int width, typename From>
void packPanels(const From* from, size_t step, int samples, int columns, const float* shares, size_t shareStep, float* to) {
  constexpr int together = numbersOfWord<T>;
  const int words = (samples + together - 1) / together;
  // Row by row: rows that are a power of two apart share few sets of a cache, which would not keep them from panel to panel.
  for (int sample = 0; sample < samples; sample += together, from += together * step, to += width) {
    const float own[2] = {shares[sample * shareStep], shares[(sample + 1 < samples ? sample + 1 : sample) * shareStep]};
    float* panel = to;
    for (int first = 0; first < columns; first += width, panel += (size_t)words * width) {
      const int inside = columns - first < width ? columns - first : width;
      const From* second = sample + 1 < samples ? from + step + first : nullptr;
      if (inside == width) packWord<T, width>(from + first, second, width, own, panel);
      else packWord<T, width>(from + first, second, inside, own, panel);
    }
  }
}

/** Has some columns of rows `step` apart on their way to the second-level cache. */
template <typename T>
void fetchAhead(const T* from, size_t step, int rows, int columns) {
  for (int row = 0; row < rows; row++, from += step) {
    for (int column = 0; column < columns; column += 64 / sizeof(T)) __builtin_prefetch(from + column, 0, 2);
  }
}

template <typename T>
void product(const Product& p, const T* a, const float* b, const float* shares, float* to) {
  static thread_local Scratch aMemory, bMemory;
  static const float one = 1;
  constexpr int together = numbersOfWord<T>, mostSamples = mostWords * together;
  const int panels = (p.columns + tileColumns - 1) / tileColumns;
  const int deepest = ((p.samples < mostSamples ? p.samples : mostSamples) + together - 1) / together;
  float* packedA = aMemory.take<float>((size_t)blockRows * deepest);
  float* packedB = bMemory.take<float>((size_t)panels * tileColumns * deepest);
  for (int sample = 0; sample < p.samples; sample += mostSamples) {
    const int samples = p.samples - sample < mostSamples ? p.samples - sample : mostSamples;
    const int words = (samples + together - 1) / together;
    const bool onTop = sample > 0;
    packPanels<T, tileColumns>(b + (size_t)sample * p.columns, p.columns, samples, p.columns, shares == nullptr ? &one : shares + sample,
                               shares == nullptr ? 0 : 1, packedB);
    for (int block = 0; block < p.rows; block += blockRows) {
      const int rows = p.rows - block < blockRows ? p.rows - block : blockRows;
      packPanels<T, tileRows>(a + (size_t)sample * p.inputs + p.first + block, p.inputs, samples, rows, &one, 0, packedA);
      // Rows of A come from other threads, and so from memory: those of the next block, or call, while this one is multiplied.
      const int next = p.first + block + rows;
      const int ahead = p.inputs - next < blockRows ? p.inputs - next : blockRows;
      for (int panel = 0; panel < panels; panel++) {
        const int column = panel * tileColumns;
        const float* own = packedB + (size_t)column * words;
        const int fetched = samples * panel / panels;
        fetchAhead(a + (size_t)(sample + fetched) * p.inputs + next, p.inputs, samples * (panel + 1) / panels - fetched, ahead);
        for (int row = 0; row < rows; row += tileRows) {
          const float* left = packedA + (size_t)row * words;
          float* tile = to + (size_t)(block + row) * p.columns + column;
          if (rows - row < tileRows || p.columns - column < tileColumns) {
            const int high = rows - row < tileRows ? rows - row : tileRows;
            const int wide = p.columns - column < tileColumns ? p.columns - column : tileColumns;
            multiplyEdge<T>(left, own, words, tile, p.columns, high, wide, onTop);
          } else {
            (onTop ? multiplyTile<T, tileRows, true> : multiplyTile<T, tileRows, false>)(left, own, words, tile, p.columns);
          }
        }
      }
    }
  }
  if (p.samples == 0) memset(to, 0, (size_t)p.rows * p.columns * sizeof(float));
}

}  // namespace
}  // namespace convoy
