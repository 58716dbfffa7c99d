// Products A'B of factors that are read as they lie, into memory that is there already.
#pragma once
#include "kernels.h"
#include "vectors.h"

namespace convoy {
namespace {

/** Rows of a tile of the product, two vectors wide: its accumulators and operands fill the registers. */
constexpr int tileRows = lanes == 16 ? 12 : 6;
constexpr int tileColumns = 2 * lanes;
/** Samples at once: a panel of B, [sample][tileColumns], takes half of a first-level cache. */
constexpr int mostSamples = (16 << 10) / (tileColumns * 4);
/** Rows of A at once: packed, they stay in the second-level cache while all of B passes. */
constexpr int blockRows = 16 * tileRows;

/** to[row][column] (+)= sum of a[sample][row] * b[sample][column] over samples, for a tile of `rows` rows. */
template <int rows, bool onTop>
void multiplyTile(const float* a, const float* b, int samples, float* to, size_t step) {
  Vector total[rows][2];
  CONVOY_UNROLL
  for (int row = 0; row < rows; row++) {
    total[row][0] = onTop ? load(to + row * step) : Vector{};
    total[row][1] = onTop ? load(to + row * step + lanes) : Vector{};
  }
  for (int sample = 0; sample < samples; sample++, a += tileRows, b += tileColumns) {
    const Vector first = load(b), second = load(b + lanes);
    CONVOY_UNROLL
    for (int row = 0; row < rows; row++) {
      const Vector value = broadcast(a[row]);
      total[row][0] += value * first;
      total[row][1] += value * second;
    }
  }
  CONVOY_UNROLL
  for (int row = 0; row < rows; row++) {
    store(to + row * step, total[row][0]);
    store(to + row * step + lanes, total[row][1]);
  }
}

/** A tile that reaches beyond the product's last row or column, by way of a whole one. */
void multiplyEdge(const float* a, const float* b, int samples, float* to, size_t step, int rows, int columns, bool onTop) {
  float whole[tileRows * tileColumns];
  multiplyTile<tileRows, false>(a, b, samples, whole, tileColumns);
  for (int row = 0; row < rows; row++) {
    for (int column = 0; column < columns; column++) {
      float& sum = to[row * step + column];
      sum = (onTop ? sum : 0) + whole[row * tileColumns + column];
    }
  }
}

/**
 * Some columns of rows `step` apart, times the rows' shares, in panels of `width` columns: [panel][row][width], zeros beyond.
 * Row by row: rows that are a power of two apart share few sets of a cache, which would not keep them from panel to panel.
 */
template <int width>
void packPanels(const float* from, size_t step, int rows, int columns, const float* shares, size_t shareStep, float* to) {
  for (int row = 0; row < rows; row++, from += step, to += width) {
    const float share = shares[row * shareStep];
    float* panel = to;
    for (int first = 0; first < columns; first += width, panel += (size_t)rows * width) {
      const int inside = columns - first < width ? columns - first : width;
      if (inside == width) {
        CONVOY_UNROLL
        for (int i = 0; i < width; i++) panel[i] = from[first + i] * share;
      } else {
        for (int i = 0; i < width; i++) panel[i] = i < inside ? from[first + i] * share : 0;
      }
    }
  }
}

/** Has some columns of rows `step` apart on their way to the second-level cache. */
void fetchAhead(const float* from, size_t step, int rows, int columns) {
  for (int row = 0; row < rows; row++, from += step) {
    for (int column = 0; column < columns; column += 16) __builtin_prefetch(from + column, 0, 2);
  }
}

void product(const Product& p, const float* a, const float* b, const float* shares, float* to) {
  static thread_local Scratch aMemory, bMemory;
  static const float one = 1;
  const int panels = (p.columns + tileColumns - 1) / tileColumns;
  const int deepest = p.samples < mostSamples ? p.samples : mostSamples;
  float* packedA = aMemory.take<float>((size_t)blockRows * deepest);
  float* packedB = bMemory.take<float>((size_t)panels * tileColumns * deepest);
  for (int sample = 0; sample < p.samples; sample += mostSamples) {
    const int samples = p.samples - sample < mostSamples ? p.samples - sample : mostSamples;
    const bool onTop = sample > 0;
    packPanels<tileColumns>(b + (size_t)sample * p.columns, p.columns, samples, p.columns, &one, 0, packedB);
    for (int block = 0; block < p.rows; block += blockRows) {
      const int rows = p.rows - block < blockRows ? p.rows - block : blockRows;
      packPanels<tileRows>(a + (size_t)sample * p.inputs + p.first + block, p.inputs, samples, rows,
                           shares == nullptr ? &one : shares + sample, shares == nullptr ? 0 : 1, packedA);
      // Rows of A come from other threads, and so from memory: those of the next block, or call, while this one is multiplied.
      const int next = p.first + block + rows;
      const int ahead = p.inputs - next < blockRows ? p.inputs - next : blockRows;
      for (int panel = 0; panel < panels; panel++) {
        const int column = panel * tileColumns;
        const float* own = packedB + (size_t)column * samples;
        const int fetched = samples * panel / panels;
        fetchAhead(a + (size_t)(sample + fetched) * p.inputs + next, p.inputs, samples * (panel + 1) / panels - fetched, ahead);
        for (int row = 0; row < rows; row += tileRows) {
          const float* left = packedA + (size_t)row * samples;
          float* tile = to + (size_t)(block + row) * p.columns + column;
          if (rows - row < tileRows || p.columns - column < tileColumns) {
            const int high = rows - row < tileRows ? rows - row : tileRows;
            const int wide = p.columns - column < tileColumns ? p.columns - column : tileColumns;
            multiplyEdge(left, own, samples, tile, p.columns, high, wide, onTop);
          } else {
            (onTop ? multiplyTile<tileRows, true> : multiplyTile<tileRows, false>)(left, own, samples, tile, p.columns);
          }
        }
      }
    }
  }
  if (p.samples == 0) memset(to, 0, (size_t)p.rows * p.columns * sizeof(float));
}

}  // namespace
}  // namespace convoy
